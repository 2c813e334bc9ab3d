import { MAX_POINTS, type Score } from './score.ts'

const MIB = 1024 * 1024
/** Below this an image is fetched in no time; above the other nothing more is gained. Upstream's thresholds. */
const SMALL_IMAGE_BYTES = 23 * MIB
const LARGE_IMAGE_BYTES = 1000 * MIB

/** Prefers nodes that have the pod's images already. */
export const imageLocality: Score = {
  name: 'ImageLocality',
  weight: 1,
  normalise: 'as-is',

  rate(pod, node) {
    const present = pod.images.reduce((bytes, image) => bytes + (node.images.get(image) ?? 0), 0)
    const most = LARGE_IMAGE_BYTES * Math.max(1, pod.images.length)
    const clamped = Math.min(Math.max(present, SMALL_IMAGE_BYTES), most)
    return Math.floor(((clamped - SMALL_IMAGE_BYTES) * MAX_POINTS) / (most - SMALL_IMAGE_BYTES))
  },
}

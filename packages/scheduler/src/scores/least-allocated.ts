import { MAX_POINTS, type Score } from './score.ts'

const RESOURCES = ['cpu', 'memory'] as const

/** Prefers the node that will have the larger part of its cpu and memory left. */
export const leastAllocated: Score = {
  name: 'LeastAllocated',
  weight: 1,
  normalise: 'as-is',

  rate(pod, node) {
    const points = RESOURCES.map((resource) => {
      const allocatable = node.allocatable.get(resource) ?? 0
      const taken = (node.assumedRequested.get(resource) ?? 0) + (pod.assumedRequests.get(resource) ?? 0)
      return allocatable <= taken ? 0 : Math.floor(((allocatable - taken) * MAX_POINTS) / allocatable)
    })
    return Math.floor(points.reduce((sum, one) => sum + one, 0) / RESOURCES.length)
  },
}

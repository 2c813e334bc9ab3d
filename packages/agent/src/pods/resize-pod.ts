import { isDeepStrictEqual } from 'node:util'
import { type Pod, podLimits } from '@skiff/api'
import { type PodLimits, podLimitsOf } from '../cgroups/pod-limits.ts'
import { LEAST_MEMORY_BYTES, UpdateError } from '../runtime/runtime.ts'
import { POD_ITSELF } from './pod-memory.ts'
import type { PodStep } from './pod-plan.ts'
import type { PodScene } from './pod-tools.ts'
import { noteResized, noteResizeError, sayResizeCompleted } from './resize-container.ts'

/** Sets the limits of the pod's control group, in place. */
export async function resizePod({ limits }: Extract<PodStep, { type: 'resize-pod' }>, scene: PodScene): Promise<void> {
  const { pod, tools, memory } = scene
  const { uid } = pod.metadata
  try {
    await refuseBelowUsage(askedBytes(limits, pod), memory.podLimits?.memoryBytes ?? 0, () => tools.cgroups.usedMemoryBytes(uid))
    await tools.cgroups.update(uid, limits)
  } catch (error) {
    if (!(error instanceof UpdateError)) throw error
    return noteResizeError(scene, POD_ITSELF, error.message)
  }
  memory.podLimits = limits
  noteResized(scene, POD_ITSELF)
  if (isDeepStrictEqual(limits, podLimitsOf(pod.spec))) sayResizeCompleted(scene)
}

/** What the engine takes at least may be more than what is asked for. */
function askedBytes({ memoryBytes }: PodLimits, { spec }: Pod): number {
  return memoryBytes === LEAST_MEMORY_BYTES ? podLimits(spec).memoryBytes : memoryBytes
}

/** A limit that the kernel would only reach by ending processes is not even tried (KEP-1287). */
async function refuseBelowUsage(bytes: number, heldBytes: number, usage: () => Promise<number>): Promise<void> {
  if (bytes === 0 || (heldBytes !== 0 && bytes >= heldBytes)) return
  const used = await usage()
  if (used > bytes) throw new UpdateError(`attempting to set pod memory limit (${bytes}) below current usage (${used})`)
}

/** Who goes first when a node lacks something, in the kubelet's order. Pure. */

import { type Pod, podRequests } from '@skiff/api'
import { resourceOf, type Signal } from './signals.ts'

export interface PodUse {
  readonly pod: Pod
  readonly memoryBytes: number
  readonly processes: number
  /** Of what the signal is about. */
  readonly diskBytes: number
  readonly inodes: number
}

/** Those that use more than they asked for; of them the least important; of them those furthest beyond what they asked for. */
export function rankPods<T extends PodUse>(pods: readonly T[], signal: Signal): readonly T[] {
  return pods.toSorted(
    (a, b) =>
      Number(exceeds(b, signal)) - Number(exceeds(a, signal)) ||
      priorityOf(a) - priorityOf(b) ||
      excess(b, signal) - excess(a, signal),
  )
}

/** Nobody asks for processes or inodes: whoever uses them uses more than he asked for. */
function exceeds(use: PodUse, signal: Signal): boolean {
  return resourceOf(signal) === 'pids' ? false : excess(use, signal) > 0
}

function excess(use: PodUse, signal: Signal): number {
  const { memoryBytes, ephemeralStorageBytes } = podRequests(use.pod.spec)
  switch (resourceOf(signal)) {
    case 'memory':
      return use.memoryBytes - memoryBytes
    case 'pids':
      return use.processes
    case 'inodes':
      return use.inodes
    default:
      return use.diskBytes - ephemeralStorageBytes
  }
}

function priorityOf({ pod }: PodUse): number {
  return pod.spec.priority ?? 0
}

import type { NodeState } from '../node-state.ts'
import type { PodInfo } from '../pod-info.ts'
import { MAX_POINTS, type Score } from './score.ts'

/** Prefers the node on which cpu and memory fill up alike, so that neither is stranded. */
export const balancedAllocation: Score = {
  name: 'BalancedAllocation',
  weight: 1,
  normalise: 'as-is',

  rate(pod, node) {
    const difference = Math.abs(fractionTaken(pod, node, 'cpu') - fractionTaken(pod, node, 'memory'))
    return Math.floor((1 - difference / 2) * MAX_POINTS)
  },
}

function fractionTaken(pod: PodInfo, node: Readonly<NodeState>, resource: string): number {
  const allocatable = node.allocatable.get(resource) ?? 0
  if (allocatable === 0) return 1
  const taken = (node.requested.get(resource) ?? 0) + (pod.requests.get(resource) ?? 0)
  return Math.min(1, taken / allocatable)
}

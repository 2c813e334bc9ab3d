import type { NodeState } from '../node-state.ts'
import type { PodInfo } from '../pod-info.ts'

/** One reason why a pod may not run on a node. */
export interface Filter {
  readonly name: string
  /** undefined: the pod fits; otherwise upstream's words for why it doesn't. */
  check(pod: PodInfo, node: Readonly<NodeState>): string | undefined
  /** One sentence: what a person can do when this filter refused `nodes`. */
  cure(pod: PodInfo, nodes: readonly Readonly<NodeState>[]): string
  /** Whether a pod that left a node can make room here; otherwise only a change of a node can. */
  readonly freedByPods?: true
}

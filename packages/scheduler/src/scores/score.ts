import type { NodeState } from '../node-state.ts'
import type { PodInfo } from '../pod-info.ts'

/** One opinion on which of the fitting nodes is best. */
export interface Score {
  readonly name: string
  /** How loud this opinion is beside the others; upstream's default weights. */
  readonly weight: number
  /** Raw points of one node, any scale that `normalise` knows. */
  rate(pod: PodInfo, node: Readonly<NodeState>): number
  /** How raw points become 0..100: as they are, by the highest (more is better), or by the highest reversed (less is better). */
  readonly normalise: 'as-is' | 'more-is-better' | 'less-is-better'
}

export const MAX_POINTS = 100

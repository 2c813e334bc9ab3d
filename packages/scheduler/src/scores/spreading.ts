import type { Score } from './score.ts'

/** Prefers nodes with fewer pods of the same owner and of the Services that select the pod. */
export const spreading: Score = {
  name: 'PodSpread',
  weight: 2,
  normalise: 'less-is-better',
  rate: (pod, node) => pod.spreadGroups.reduce((sum, group) => sum + (node.spread.get(group) ?? 0), 0),
}

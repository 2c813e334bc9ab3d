import { nodeMatchesTerm } from '@skiff/api'
import type { Score } from './score.ts'

export const preferredNodeAffinity: Score = {
  name: 'NodeAffinity',
  weight: 2,
  normalise: 'more-is-better',
  rate: (pod, { node }) =>
    pod.preferredNodes.reduce((sum, { weight, preference }) => sum + (nodeMatchesTerm(node, preference) ? weight : 0), 0),
}

import type { Score } from './score.ts'

/**
 * Prefers the node with fewer pods. Small clusters run pods that request little or nothing: by resources alone one
 * node would take them all, and for an image that is there already.
 */
export const fewerPods: Score = {
  name: 'FewerPods',
  weight: 1,
  normalise: 'less-is-better',
  rate: (_pod, node) => node.podCount,
}

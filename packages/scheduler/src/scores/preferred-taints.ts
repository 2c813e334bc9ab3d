import { untoleratedTaint } from '../taints.ts'
import type { Score } from './score.ts'

/** Avoids nodes with PreferNoSchedule taints that the pod doesn't tolerate: the more, the worse. */
export const preferredTaints: Score = {
  name: 'TaintToleration',
  weight: 3,
  normalise: 'less-is-better',
  rate: ({ pod }, { taints }) =>
    taints.filter((taint) => untoleratedTaint([taint], pod.spec.tolerations ?? [], ['PreferNoSchedule'])).length,
}

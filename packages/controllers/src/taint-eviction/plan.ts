import { type Taint, type Toleration, tolerates } from '@skiff/api'

/**
 * For how long a pod may stay on a node with these taints, from when they were put there: 0 for one that isn't
 * tolerated, Infinity when all are tolerated without end. Only NoExecute taints count.
 */
export function msToStay(taints: readonly Taint[], tolerations: readonly Toleration[]): number {
  const stays = taints.filter(({ effect }) => effect === 'NoExecute').map((taint) => msTolerated(taint, tolerations))
  return Math.min(Number.POSITIVE_INFINITY, ...stays)
}

/** Of several tolerations of one taint the shortest counts, as upstream has it. */
function msTolerated(taint: Taint, tolerations: readonly Toleration[]): number {
  const matching = tolerations.filter((toleration) => tolerates(toleration, taint))
  if (matching.length === 0) return 0
  return Math.min(...matching.map(({ tolerationSeconds = Number.POSITIVE_INFINITY }) => Math.max(0, tolerationSeconds * 1000)))
}

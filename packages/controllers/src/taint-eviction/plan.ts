import { findCondition, type Pod, type PodCondition, setCondition, type Taint, type Toleration, tolerates } from '@skiff/api'

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

/** The condition that says why the pod goes, as upstream's taint manager words it; undefined when the pod says so already. */
export function disruptionTarget(pod: Pod, now: Date): PodCondition | undefined {
  const before = pod.status?.conditions
  const { generation } = pod.metadata
  const condition: PodCondition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'DeletionByTaintManager',
    message: 'Taint manager: deleting due to NoExecute taint',
    ...(generation === undefined ? {} : { observedGeneration: generation }),
  }
  const after = setCondition(before, condition, now)
  return after === before ? undefined : findCondition(after, condition.type)
}

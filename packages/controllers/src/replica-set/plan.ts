import { findCondition, type Pod, podIsReady, type ReplicaSet } from '@skiff/api'

export interface ReplicaSetPlan {
  readonly create: number
  readonly remove: readonly Pod[]
}

/** At most so many pods are created or deleted in one pass; the next pass does the rest. */
const BURST_REPLICAS = 500

const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost'

/**
 * How to get from the pods that there are to the replicas that are wanted.
 * @param active its pods that neither ended nor are being deleted
 * @param related active pods of its siblings too (the Deployment's other ReplicaSets): a node with many of them gives one up first
 */
export function planReplicaSet(replicaSet: ReplicaSet, active: readonly Pod[], related: readonly Pod[] = active): ReplicaSetPlan {
  const desired = replicaSet.spec.replicas ?? 1
  if (active.length <= desired) return { create: Math.min(desired - active.length, BURST_REPLICAS), remove: [] }
  const surplus = active.length - desired
  return { create: 0, remove: inDeletionOrder(active, related).slice(0, Math.min(surplus, BURST_REPLICAS)) }
}

/** Whom to let go first: upstream's order (ActivePodsWithRanks), so that the least is lost. */
function inDeletionOrder(pods: readonly Pod[], related: readonly Pod[]): Pod[] {
  const perNode = new Map<string, number>()
  for (const { spec } of related) if (spec.nodeName) perNode.set(spec.nodeName, (perNode.get(spec.nodeName) ?? 0) + 1)
  const crowd = ({ spec }: Pod) => perNode.get(spec.nodeName ?? '') ?? 0

  const lowestFirst: readonly ((pod: Pod) => number)[] = [
    ({ spec }) => (spec.nodeName ? 1 : 0),
    phaseRank,
    (pod) => (podIsReady(pod) ? 1 : 0),
    ({ metadata }) => Number(metadata.annotations?.[DELETION_COST] ?? 0),
    (pod) => -crowd(pod),
    (pod) => -readySinceMs(pod),
    (pod) => -restarts(pod),
    ({ metadata }) => -Date.parse(metadata.creationTimestamp),
  ]
  return [...pods].sort((a, b) => {
    for (const rank of lowestFirst) {
      const difference = rank(a) - rank(b)
      if (difference !== 0) return difference
    }
    return a.metadata.name < b.metadata.name ? -1 : 1
  })
}

function phaseRank({ status }: Pod): number {
  if (status?.phase === 'Running') return 2
  return status?.phase === 'Unknown' ? 1 : 0
}

/** 0 for a pod that isn't ready: the ranks before this one told such pods apart already. */
function readySinceMs(pod: Pod): number {
  if (!podIsReady(pod)) return 0
  return Date.parse(findCondition(pod.status?.conditions, 'Ready')?.lastTransitionTime ?? '') || 0
}

function restarts({ status }: Pod): number {
  return Math.max(0, ...(status?.containerStatuses ?? []).map(({ restartCount }) => restartCount ?? 0))
}

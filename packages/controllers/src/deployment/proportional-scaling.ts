import type { Deployment, ReplicaSet } from '@skiff/api'
import { desiredReplicas, oldestFirst, replicasOf, rollingBounds, sum } from './replica-counts.ts'
import { MAX_REPLICAS } from './revisions.ts'

export interface Scaling {
  readonly replicaSet: ReplicaSet
  readonly replicas: number
}

/**
 * Spreads a change of `spec.replicas` in the middle of a roll-out over the ReplicaSets by their size, so that no
 * version gains or loses all of it (upstream's proportional scaling). Says a size for each, changed or not.
 */
export function scaleProportionally(deployment: Deployment, active: readonly ReplicaSet[]): Scaling[] {
  const desired = desiredReplicas(deployment)
  const allowed = desired > 0 ? desired + rollingBounds(deployment).maxSurge : 0
  const toAdd = allowed - sum(active, replicasOf)
  const ordered = [...active].sort((a, b) => replicasOf(b) - replicasOf(a) || (toAdd > 0 ? oldestFirst(b, a) : oldestFirst(a, b)))

  let added = 0
  const sizes = ordered.map((replicaSet) => {
    const share = toAdd === 0 ? 0 : clamp(shareOf(deployment, replicaSet), toAdd - added)
    added += share
    return replicasOf(replicaSet) + share
  })
  return ordered.map((replicaSet, index) => {
    // What rounding left over goes to the largest.
    const leftover = index === 0 ? toAdd - added : 0
    return { replicaSet, replicas: Math.max(0, (sizes[index] ?? 0) + leftover) }
  })
}

/** How much a ReplicaSet grows or shrinks to keep its part of the whole. */
function shareOf(deployment: Deployment, replicaSet: ReplicaSet): number {
  const size = replicasOf(replicaSet)
  const desired = desiredReplicas(deployment)
  if (desired === 0) return -size
  const before = Number(replicaSet.metadata.annotations?.[MAX_REPLICAS]) || deployment.status?.replicas || size
  if (before === 0) return 0
  return Math.round((size * (desired + rollingBounds(deployment).maxSurge)) / before) - size
}

/** No further than what is left to give (or, below zero, to take). */
function clamp(share: number, left: number): number {
  return left > 0 ? Math.max(0, Math.min(share, left)) : Math.min(0, Math.max(share, left))
}

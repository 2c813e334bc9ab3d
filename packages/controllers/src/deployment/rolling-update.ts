import type { Deployment, ReplicaSet } from '@skiff/api'
import type { Scaling } from './proportional-scaling.ts'
import { availableOf, desiredReplicas, oldestFirst, replicasOf, rollingBounds, sum } from './replica-counts.ts'

/** The size at which the newest ReplicaSet may be now: as large as desired, within the surge. */
export function newReplicaSetSize(deployment: Deployment, others: readonly ReplicaSet[], current: number): number {
  const desired = desiredReplicas(deployment)
  if (deployment.spec.strategy?.type === 'Recreate' || current > desired) return desired
  const room = desired + rollingBounds(deployment).maxSurge - current - sum(others, replicasOf)
  return room <= 0 ? current : current + Math.min(room, desired - current)
}

/**
 * What the older ReplicaSets may give up without leaving fewer than desired - maxUnavailable pods available:
 * first pods that serve nobody, then serving ones, oldest version first.
 */
export function shrinkOldReplicaSets(deployment: Deployment, newest: ReplicaSet, old: readonly ReplicaSet[]): Scaling[] {
  const minAvailable = desiredReplicas(deployment) - rollingBounds(deployment).maxUnavailable
  const newestUnavailable = replicasOf(newest) - availableOf(newest)
  const removable = sum([newest, ...old], replicasOf) - minAvailable - newestUnavailable
  if (removable <= 0) return []

  const sizes = new Map([...old].sort(oldestFirst).map((replicaSet) => [replicaSet, replicasOf(replicaSet)]))
  take(sizes, removable, (replicaSet, size) => size - availableOf(replicaSet))
  take(sizes, sum([newest, ...old], availableOf) - minAvailable, (_, size) => size)
  return [...sizes]
    .filter(([replicaSet, size]) => size !== replicasOf(replicaSet))
    .map(([replicaSet, replicas]) => ({ replicaSet, replicas }))
}

/** Takes up to `amount` off, from each no more than it can spare. */
function take(sizes: Map<ReplicaSet, number>, amount: number, spare: (replicaSet: ReplicaSet, size: number) => number): void {
  let left = amount
  for (const [replicaSet, size] of sizes) {
    const taken = Math.max(0, Math.min(left, size, spare(replicaSet, size)))
    sizes.set(replicaSet, size - taken)
    left -= taken
  }
}

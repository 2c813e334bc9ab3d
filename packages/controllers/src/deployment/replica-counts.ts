import type { Deployment, ReplicaSet } from '@skiff/api'

export function desiredReplicas(deployment: Deployment): number {
  return deployment.spec.replicas ?? 1
}

export function replicasOf(replicaSet: ReplicaSet): number {
  return replicaSet.spec.replicas ?? 1
}

/** Never more than it is to have: right after scaling down, its status still counts pods that are on their way out. */
export function availableOf(replicaSet: ReplicaSet): number {
  return Math.min(replicasOf(replicaSet), replicaSet.status?.availableReplicas ?? 0)
}

export function sum(replicaSets: readonly ReplicaSet[], count: (replicaSet: ReplicaSet) => number): number {
  return replicaSets.reduce((total, replicaSet) => total + count(replicaSet), 0)
}

export function oldestFirst(a: ReplicaSet, b: ReplicaSet): number {
  const difference = Date.parse(a.metadata.creationTimestamp) - Date.parse(b.metadata.creationTimestamp)
  return difference !== 0 ? difference : a.metadata.name < b.metadata.name ? -1 : 1
}

export interface Bounds {
  /** Pods that there may be beyond the desired number. */
  readonly maxSurge: number
  /** Pods of the desired number that may be away. */
  readonly maxUnavailable: number
}

/** Of a rolling update, in pods: percentages round in favour of availability, and one of the two is always at least 1. */
export function rollingBounds(deployment: Deployment): Bounds {
  const desired = desiredReplicas(deployment)
  const { strategy } = deployment.spec
  if (strategy?.type === 'Recreate') return { maxSurge: 0, maxUnavailable: 0 }
  const { maxSurge = '25%', maxUnavailable = '25%' } = strategy?.rollingUpdate ?? {}
  const surge = inPods(maxSurge, desired, Math.ceil)
  const unavailable = Math.min(desired, inPods(maxUnavailable, desired, Math.floor))
  return surge === 0 && unavailable === 0 ? { maxSurge: 0, maxUnavailable: 1 } : { maxSurge: surge, maxUnavailable: unavailable }
}

function inPods(value: number | string, total: number, round: (pods: number) => number): number {
  if (typeof value === 'number') return value
  const percent = /^(\d+)%$/.exec(value)?.[1]
  return percent === undefined ? Number(value) || 0 : round((Number(percent) * total) / 100)
}

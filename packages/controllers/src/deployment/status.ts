import { type Deployment, findCondition, type ReplicaSet, rfc3339 } from '@skiff/api'
import { withoutZeros } from '../shared/patch-status.ts'
import { availableOf, desiredReplicas, replicasOf, rollingBounds, sum } from './replica-counts.ts'

export type DeploymentStatus = NonNullable<Deployment['status']>
type DeploymentCondition = NonNullable<DeploymentStatus['conditions']>[number]

export interface StatusInput {
  readonly deployment: Deployment
  readonly newest: ReplicaSet | undefined
  readonly old: readonly ReplicaSet[]
  /** What this pass did with the newest ReplicaSet. */
  readonly outcome:
    | { readonly type: 'created' }
    | { readonly type: 'create-failed'; readonly message: string }
    | { readonly type: 'found' }
  readonly collisionCount: number
  readonly now: Date
}

/** Counters and conditions, with upstream's reasons, which `kubectl rollout status` goes by. */
export function deploymentStatus(input: StatusInput): DeploymentStatus {
  const { deployment, newest, old, collisionCount } = input
  const all = newest ? [newest, ...old] : old
  const available = sum(all, availableOf)
  const counters = withoutZeros({
    observedGeneration: deployment.metadata.generation ?? 1,
    replicas: sum(all, ({ status }) => status?.replicas ?? 0),
    updatedReplicas: newest?.status?.replicas ?? 0,
    readyReplicas: sum(all, ({ status }) => status?.readyReplicas ?? 0),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, sum(all, replicasOf) - available),
    collisionCount,
  })
  const conditions = withConditions(input, counters)
  return conditions.length > 0 ? { ...counters, conditions } : counters
}

/** When to look again because the progress deadline may have passed; undefined when nothing is being rolled out. */
export function msUntilDeadline(deployment: Deployment, status: DeploymentStatus, now: Date): number | undefined {
  const progressing = findCondition(status.conditions, 'Progressing')
  if (!hasDeadline(deployment) || deployment.spec.paused || !progressing || isSettled(progressing)) return undefined
  return Math.max(0, deadlineMs(deployment, progressing) - now.getTime()) + 1000
}

function withConditions(input: StatusInput, counters: DeploymentStatus): DeploymentCondition[] {
  const { deployment, newest, old, now } = input
  let conditions = [...(deployment.status?.conditions ?? [])]
  const set = (condition: DeploymentCondition | undefined) => {
    if (condition) conditions = withCondition(conditions, condition, now)
  }
  set(availableCondition(deployment, counters))
  if (hasDeadline(deployment)) set(progressingCondition(input, counters))
  else conditions = conditions.filter(({ type }) => type !== 'Progressing')
  conditions = conditions.filter(({ type }) => type !== 'ReplicaFailure')
  set(replicaFailure(newest ? [newest, ...old] : old))
  return conditions
}

function availableCondition(deployment: Deployment, counters: DeploymentStatus): DeploymentCondition {
  const enough = (counters.availableReplicas ?? 0) >= desiredReplicas(deployment) - rollingBounds(deployment).maxUnavailable
  return enough
    ? { type: 'Available', status: 'True', reason: 'MinimumReplicasAvailable', message: 'Deployment has minimum availability.' }
    : {
        type: 'Available',
        status: 'False',
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
      }
}

/** undefined: it stays as it is. */
function progressingCondition(input: StatusInput, counters: DeploymentStatus): DeploymentCondition | undefined {
  const { deployment, newest, outcome, now } = input
  const before = findCondition(deployment.status?.conditions, 'Progressing')
  const subject = newest ? `ReplicaSet "${newest.metadata.name}"` : `Deployment "${deployment.metadata.name}"`

  if (outcome.type === 'create-failed') return progressing('False', 'ReplicaSetCreateError', outcome.message)
  if (deployment.spec.paused) {
    const said = before?.reason === 'DeploymentPaused' || before?.reason === 'ProgressDeadlineExceeded'
    return said ? undefined : progressing('Unknown', 'DeploymentPaused', 'Deployment is paused')
  }
  if (before?.reason === 'DeploymentPaused') return progressing('Unknown', 'DeploymentResumed', 'Deployment is resumed')
  if (outcome.type === 'created')
    return progressing('True', 'NewReplicaSetCreated', `Created new replica set "${newest?.metadata.name}"`)

  const settled = before?.reason === 'NewReplicaSetAvailable' && (counters.replicas ?? 0) === (counters.updatedReplicas ?? 0)
  if (settled) return undefined
  if (isComplete(deployment, counters))
    return progressing('True', 'NewReplicaSetAvailable', `${subject} has successfully progressed.`)
  if (hasProgressed(deployment.status ?? {}, counters)) {
    return { ...progressing('True', 'ReplicaSetUpdated', `${subject} is progressing.`), lastUpdateTime: rfc3339(now) }
  }
  if (!before) return newest && progressing('True', 'FoundNewReplicaSet', `Found new replica set "${newest.metadata.name}"`)
  if (before.reason !== 'NewReplicaSetAvailable' && deadlineMs(deployment, before) < now.getTime()) {
    return progressing('False', 'ProgressDeadlineExceeded', `${subject} has timed out progressing.`)
  }
  return undefined
}

function progressing(status: 'True' | 'False' | 'Unknown', reason: string, message: string): DeploymentCondition {
  return { type: 'Progressing', status, reason, message }
}

function isComplete(deployment: Deployment, counters: DeploymentStatus): boolean {
  const desired = desiredReplicas(deployment)
  const { updatedReplicas = 0, replicas = 0, availableReplicas = 0 } = counters
  return updatedReplicas === desired && replicas === desired && availableReplicas === desired
}

function hasProgressed(before: DeploymentStatus, after: DeploymentStatus): boolean {
  const oldPods = (status: DeploymentStatus) => (status.replicas ?? 0) - (status.updatedReplicas ?? 0)
  return (
    (after.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    (after.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (after.availableReplicas ?? 0) > (before.availableReplicas ?? 0) ||
    oldPods(after) < oldPods(before)
  )
}

/** Nothing more is expected of a roll-out that ended, either way. */
function isSettled({ reason }: DeploymentCondition): boolean {
  return reason === 'NewReplicaSetAvailable' || reason === 'ProgressDeadlineExceeded'
}

/** Upstream's way to say "no deadline" is the largest int32. */
function hasDeadline({ spec }: Deployment): boolean {
  return (spec.progressDeadlineSeconds ?? 600) < 2 ** 31 - 1
}

function deadlineMs({ spec }: Deployment, condition: DeploymentCondition): number {
  return Date.parse(condition.lastUpdateTime ?? condition.lastTransitionTime ?? '') + (spec.progressDeadlineSeconds ?? 600) * 1000
}

function replicaFailure(replicaSets: readonly ReplicaSet[]): DeploymentCondition | undefined {
  for (const { status } of replicaSets) {
    const failure = findCondition(status?.conditions, 'ReplicaFailure')
    if (failure) return { ...failure, type: 'ReplicaFailure' }
  }
  return undefined
}

/**
 * Same status and reason: nothing new. The exception is progress, which says when it was made last. What changed goes
 * last, as upstream's.
 */
function withCondition(conditions: readonly DeploymentCondition[], next: DeploymentCondition, now: Date): DeploymentCondition[] {
  const before = findCondition(conditions, next.type)
  const sameAsBefore = before?.status === next.status && before.reason === next.reason
  if (before && sameAsBefore && (next.lastUpdateTime === undefined || next.lastUpdateTime === before.lastUpdateTime))
    return [...conditions]
  const transition = before?.status === next.status ? before.lastTransitionTime : rfc3339(now)
  const written = { ...next, lastUpdateTime: rfc3339(now), lastTransitionTime: transition ?? rfc3339(now) }
  return [...conditions.filter((one) => one !== before), written]
}

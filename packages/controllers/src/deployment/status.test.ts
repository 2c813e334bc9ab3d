import { findCondition } from '@skiff/api'
import { describe, expect, test } from 'vitest'
import { aDeployment, aReplicaSet, NOW } from '../testing/objects.ts'
import { type DeploymentStatus, deploymentStatus, msUntilDeadline, type StatusInput } from './status.ts'

const LATER = new Date(NOW.getTime() + 700_000)
const newest = (available: number, replicas = 3) =>
  aReplicaSet('hello-new', { spec: { replicas }, status: { replicas, readyReplicas: available, availableReplicas: available } })

function statusOf(parts: Partial<StatusInput>): DeploymentStatus {
  return deploymentStatus({
    deployment: aDeployment(),
    newest: newest(3),
    old: [],
    outcome: { type: 'found' },
    collisionCount: 0,
    now: NOW,
    ...parts,
  })
}

const condition = (status: DeploymentStatus, type: string) => {
  const { reason, status: value, message } = findCondition(status.conditions, type) ?? {}
  return { value, reason, message }
}

test('sums the counters of all ReplicaSets and leaves out zeros', () => {
  const old = [
    aReplicaSet('hello-old', { spec: { replicas: 2 }, status: { replicas: 2, readyReplicas: 1, availableReplicas: 1 } }),
  ]
  const { conditions, ...counters } = statusOf({ old, newest: newest(0, 1) })
  expect(counters).toEqual({
    observedGeneration: 1,
    replicas: 3,
    updatedReplicas: 1,
    readyReplicas: 1,
    availableReplicas: 1,
    unavailableReplicas: 2,
  })
})

describe('Available', () => {
  test('is True while no more than maxUnavailable are missing', () => {
    const deployment = aDeployment({ spec: { replicas: 4 } })
    expect(condition(statusOf({ deployment, newest: newest(3, 4) }), 'Available')).toMatchObject({
      value: 'True',
      reason: 'MinimumReplicasAvailable',
    })
    expect(condition(statusOf({ deployment, newest: newest(2, 4) }), 'Available')).toMatchObject({
      value: 'False',
      reason: 'MinimumReplicasUnavailable',
    })
  })
})

describe('Progressing', () => {
  test('goes through created, updated and available, then stays', () => {
    let deployment = aDeployment()
    const next = (parts: Partial<StatusInput>) => {
      const status = statusOf({ deployment, ...parts })
      deployment = aDeployment({ status })
      return condition(status, 'Progressing')
    }
    expect(next({ newest: newest(0, 3), outcome: { type: 'created' } })).toMatchObject({
      reason: 'NewReplicaSetCreated',
      message: 'Created new replica set "hello-new"',
    })
    expect(next({ newest: newest(1) })).toMatchObject({
      reason: 'ReplicaSetUpdated',
      message: 'ReplicaSet "hello-new" is progressing.',
    })
    expect(next({ newest: newest(3) })).toMatchObject({
      value: 'True',
      reason: 'NewReplicaSetAvailable',
      message: 'ReplicaSet "hello-new" has successfully progressed.',
    })
    expect(next({ newest: newest(1), now: LATER })).toMatchObject({ reason: 'NewReplicaSetAvailable' })
  })

  test('says when the deadline passed without progress, and not before', () => {
    const stuck = statusOf({ newest: newest(0), outcome: { type: 'created' } })
    const waiting = aDeployment({ status: { ...stuck } })
    expect(msUntilDeadline(waiting, stuck, NOW)).toBe(601_000)
    expect(
      condition(statusOf({ deployment: waiting, newest: newest(0), now: new Date(NOW.getTime() + 599_000) }), 'Progressing')
        .reason,
    ).toBe('NewReplicaSetCreated')
    const late = statusOf({ deployment: waiting, newest: newest(0), now: LATER })
    expect(condition(late, 'Progressing')).toEqual({
      value: 'False',
      reason: 'ProgressDeadlineExceeded',
      message: 'ReplicaSet "hello-new" has timed out progressing.',
    })
    expect(msUntilDeadline(aDeployment({ status: late }), late, LATER)).toBeUndefined()
  })

  test('is absent when there is no deadline', () => {
    const deployment = aDeployment({ spec: { progressDeadlineSeconds: 2 ** 31 - 1 } })
    expect(findCondition(statusOf({ deployment }).conditions, 'Progressing')).toBeUndefined()
  })

  test('says paused and resumed', () => {
    const paused = statusOf({ deployment: aDeployment({ spec: { paused: true } }), newest: newest(1) })
    expect(condition(paused, 'Progressing')).toEqual({
      value: 'Unknown',
      reason: 'DeploymentPaused',
      message: 'Deployment is paused',
    })
    expect(condition(statusOf({ deployment: aDeployment({ status: paused }), newest: newest(1) }), 'Progressing').reason).toBe(
      'DeploymentResumed',
    )
  })
})

test('repeats why a ReplicaSet could not create pods', () => {
  const failing = aReplicaSet('hello-new', {
    status: { replicas: 0, conditions: [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'no' }] },
  })
  const status = statusOf({ newest: failing })
  expect(condition(status, 'ReplicaFailure')).toEqual({ value: 'True', reason: 'FailedCreate', message: 'no' })
  expect(findCondition(statusOf({ deployment: aDeployment({ status }) }).conditions, 'ReplicaFailure')).toBeUndefined()
})

import { expect, test } from 'vitest'
import { aPod, aReplicaSet, aRunningPod, NOW, READY } from '../testing/objects.ts'
import { msUntilNextAvailable, replicaSetStatus } from './status.ts'

test('counts pods, those with all labels, the ready and the available', () => {
  const replicaSet = aReplicaSet('rs', { spec: { minReadySeconds: 60 }, metadata: { generation: 4 } })
  const labels = { app: 'hello' }
  const justReady = [{ ...READY, lastTransitionTime: '2026-01-01T11:59:30Z' }]
  const pods = [
    aPod('starting', { metadata: { labels } }),
    aRunningPod('fresh', { metadata: { labels }, status: { conditions: justReady } }),
    aRunningPod('old', { metadata: { labels: { app: 'hello', extra: 'yes' } } }),
    aRunningPod('adopted'),
  ]
  expect(replicaSetStatus(replicaSet, pods, { now: NOW })).toEqual({
    replicas: 4,
    fullyLabeledReplicas: 3,
    readyReplicas: 3,
    availableReplicas: 2,
    observedGeneration: 4,
  })
  expect(msUntilNextAvailable(pods, 60, NOW)).toBe(30_000)
})

test('leaves out counters that are zero, but says replicas always', () => {
  expect(replicaSetStatus(aReplicaSet('rs'), [], { now: NOW })).toEqual({ replicas: 0, observedGeneration: 1 })
})

test('says why pods could not be created, once, until they can', () => {
  const failure = { reason: 'FailedCreate', message: 'quota exceeded' } as const
  const failed = replicaSetStatus(aReplicaSet('rs'), [], { failure, now: NOW })
  expect(failed.conditions).toEqual([
    { type: 'ReplicaFailure', status: 'True', ...failure, lastTransitionTime: '2026-01-01T12:00:00Z' },
  ])
  const again = { ...failure, message: 'quota exceeded by another name' }
  expect(replicaSetStatus(aReplicaSet('rs', { status: failed }), [], { failure: again, now: NOW })).toEqual(failed)
  expect(replicaSetStatus(aReplicaSet('rs', { status: failed }), [], { now: NOW })).not.toHaveProperty('conditions')
})

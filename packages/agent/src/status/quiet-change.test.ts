import type { PodStatus } from '@skiff/api'
import { expect, test } from 'vitest'
import { isQuietChange } from './quiet-change.ts'

const CREATING = {
  name: 'c',
  state: { waiting: { reason: 'ContainerCreating' } },
  ready: false,
  restartCount: 0,
  image: 'i',
  imageID: '',
}
const RUNNING = { ...CREATING, state: { running: { startedAt: '2026-01-01T00:00:00Z' } }, started: true }
const condition = (type: string, status: string) => ({ type, status })
const pending = (change: Partial<PodStatus> = {}): PodStatus => ({
  phase: 'Pending',
  startTime: '2026-01-01T00:00:00Z',
  conditions: [condition('PodScheduled', 'True'), condition('Ready', 'False')],
  containerStatuses: [CREATING],
  ...change,
})

test('that a pod has come, and got its sandbox and its address, can wait for what comes next', () => {
  expect(isQuietChange({ phase: 'Pending', conditions: [condition('PodScheduled', 'True')] }, pending())).toBe(true)
  expect(isQuietChange(undefined, pending())).toBe(true)
  const sandbox = { podIP: '10.1.0.2', conditions: [condition('PodReadyToStartContainers', 'True'), condition('Ready', 'False')] }
  expect(isQuietChange(pending(), pending(sandbox))).toBe(true)
  expect(isQuietChange(pending(), pending({ observedGeneration: 2 }))).toBe(true)
})

test.for<[string, Partial<PodStatus>]>([
  ['a container runs', { containerStatuses: [RUNNING] }],
  ['a container waits for a reason', { containerStatuses: [{ ...CREATING, state: { waiting: { reason: 'ErrImagePull' } } }] }],
  ['the phase', { phase: 'Failed' }],
  ['a reason', { reason: 'Evicted' }],
  ['it is ready', { conditions: [condition('Ready', 'True')] }],
  ['a resize', { conditions: [condition('PodResizeInProgress', 'True')] }],
])('is told at once: %s', ([, change]) => {
  expect(isQuietChange(pending(), pending(change))).toBe(false)
  expect(isQuietChange(pending(change), pending())).toBe(false)
})

test('a restart is told at once, the order of fields and empty ones are no change', () => {
  const running = pending({ containerStatuses: [RUNNING] })
  const restarted = { ...RUNNING, restartCount: 1, state: CREATING.state, lastState: { terminated: { exitCode: 1 } } }
  expect(isQuietChange(running, pending({ containerStatuses: [restarted] }))).toBe(false)
  const reordered = Object.fromEntries(Object.entries({ ...RUNNING, lastState: {} }).reverse()) as unknown as typeof RUNNING
  expect(isQuietChange(running, pending({ containerStatuses: [reordered] }))).toBe(true)
})

import { expect, test } from 'vitest'
import { statusPatch } from './status-patch.ts'

const READY = { type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }

test('nothing is written when nothing differs, null and absent being the same', () => {
  const before = { phase: 'Running' as const, conditions: [READY], containerStatuses: [] }
  expect(statusPatch({ ...before, message: '' }, { ...before, message: '' })).toBeUndefined()
  expect(statusPatch(before, { ...before, reason: null as never })).toBeUndefined()
})

test('only changed conditions are sent, with the order of all, and the reasons that are gone as null', () => {
  const before = {
    conditions: [
      { ...READY, status: 'False', reason: 'ContainersNotReady' },
      { type: 'PodScheduled', status: 'True' },
    ],
  }
  expect(statusPatch(before, { conditions: [READY, { type: 'PodScheduled', status: 'True' }] })).toEqual({
    conditions: [{ ...READY, reason: null }],
    '$setElementOrder/conditions': [{ type: 'Ready' }, { type: 'PodScheduled' }],
  })
})

test('takes away its own fields only', () => {
  const before = { phase: 'Failed' as const, reason: 'Evicted', nominatedNodeName: 'n' }
  expect(statusPatch(before, { phase: 'Failed' })).toEqual({ reason: null })
})

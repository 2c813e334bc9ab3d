import { expect, test } from 'vitest'
import { aNode, aPod } from '../testing/objects.ts'
import { podFate } from './plan.ts'

const deletionTimestamp = '2026-01-01T00:00:00Z'
const outOfService = aNode('n', { spec: { taints: [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' }] } })

test('a pod whose node exists is its agent’s business, also while it terminates', () => {
  expect(podFate(aPod('p', { spec: { nodeName: 'n' }, metadata: { deletionTimestamp } }), aNode('n'))).toBe('keep')
})

test('a pod of a node that is gone goes too, once that is certain', () => {
  expect(podFate(aPod('p', { spec: { nodeName: 'n' } }), undefined)).toBe('delete-if-node-is-gone')
})

test('a pod that waits for a node stays, unless it is being deleted', () => {
  expect(podFate(aPod('p'), undefined)).toBe('keep')
  expect(podFate(aPod('p', { metadata: { deletionTimestamp } }), undefined)).toBe('delete')
})

test('a terminating pod on a node that was declared out of service goes at once', () => {
  expect(podFate(aPod('p', { spec: { nodeName: 'n' }, metadata: { deletionTimestamp } }), outOfService)).toBe('delete')
  expect(podFate(aPod('p', { spec: { nodeName: 'n' } }), outOfService)).toBe('keep')
})

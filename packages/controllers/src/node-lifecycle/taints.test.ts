import { expect, test } from 'vitest'
import { aNode } from '../testing/objects.ts'
import { taintsFor } from './taints.ts'

const now = '2026-01-01T12:00:00Z'
const withReady = (status: 'True' | 'False' | 'Unknown', spec = {}) =>
  aNode('n', { spec, status: { conditions: [{ type: 'Ready', status }] } })
const effectsOf = (node: ReturnType<typeof aNode>, evict = true) =>
  taintsFor(node, { evict, now }).map(({ key, effect }) => `${key}:${effect}`)

test('a ready node has no taints of ours, and keeps those of others', () => {
  const taints = [
    { key: 'gpu', effect: 'NoSchedule' as const },
    { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' as const },
  ]
  expect(effectsOf(withReady('True', { taints }))).toEqual(['gpu:NoSchedule'])
})

test('a node that says it is not ready is not-ready, one that says nothing is unreachable', () => {
  expect(effectsOf(withReady('False'))).toEqual([
    'node.kubernetes.io/not-ready:NoSchedule',
    'node.kubernetes.io/not-ready:NoExecute',
  ])
  expect(effectsOf(withReady('Unknown'))).toEqual([
    'node.kubernetes.io/unreachable:NoSchedule',
    'node.kubernetes.io/unreachable:NoExecute',
  ])
})

test('nobody is driven away while evictions are stopped', () => {
  const taints = [{ key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' as const }]
  expect(effectsOf(withReady('Unknown', { taints }), false)).toEqual(['node.kubernetes.io/unreachable:NoSchedule'])
})

test('a new node, a cordoned one and one under pressure take no new pods', () => {
  expect(effectsOf(aNode('n', { status: {} }))).toEqual(['node.kubernetes.io/not-ready:NoSchedule'])
  expect(effectsOf(withReady('True', { unschedulable: true }))).toEqual(['node.kubernetes.io/unschedulable:NoSchedule'])
  const pressed = aNode('n', {
    status: {
      conditions: [
        { type: 'Ready', status: 'True' },
        { type: 'DiskPressure', status: 'True' },
      ],
    },
  })
  expect(effectsOf(pressed)).toEqual(['node.kubernetes.io/disk-pressure:NoSchedule'])
})

test('a taint keeps the time at which it was added', () => {
  const taints = [{ key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' as const, timeAdded: '2025-01-01T00:00:00Z' }]
  expect(taintsFor(withReady('Unknown', { taints }), { evict: true, now })).toContainEqual(taints[0])
})

import { PODS, REPLICA_SETS } from '@skiff/api'
import { describe, expect, test } from 'vitest'
import { type GraphNode, OwnerGraph } from './graph.ts'
import { planCollection } from './plan.ts'

const owner = (uid: string, blockOwnerDeletion = true) => ({
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  name: uid,
  uid,
  blockOwnerDeletion,
})
const node = (uid: string, parts: Partial<GraphNode> = {}): GraphNode => ({
  uid,
  kind: parts.kind ?? PODS,
  name: uid,
  namespace: 'default',
  resourceVersion: '1',
  owners: [],
  finalizers: [],
  deleting: false,
  ...parts,
})

describe('an object', () => {
  const pod = node('pod', { owners: [owner('a'), owner('b')] })
  test('without owners, or whose owners are all there, stays', () => {
    expect(planCollection(node('pod'), [], [])).toEqual({ type: 'nothing' })
    expect(planCollection(pod, ['present', 'present'], [])).toEqual({ type: 'nothing' })
  })
  test('whose owners are all gone is deleted', () => {
    expect(planCollection(pod, ['absent', 'absent'], [])).toEqual({ type: 'delete', policy: 'Background' })
  })
  test('of which one owner is left forgets the others', () => {
    expect(planCollection(pod, ['present', 'absent'], [])).toEqual({ type: 'drop-owners', uids: ['b'] })
    expect(planCollection(pod, ['present', 'waits-for-dependents'], [])).toEqual({ type: 'drop-owners', uids: ['b'] })
  })
  test('with dependents of its own is deleted in the foreground when its owner waits', () => {
    const set = node('set', { kind: REPLICA_SETS, owners: [owner('deployment')] })
    expect(planCollection(set, ['waits-for-dependents'], [pod])).toEqual({ type: 'delete', policy: 'Foreground' })
    expect(planCollection(set, ['waits-for-dependents'], [])).toEqual({ type: 'delete', policy: 'Background' })
  })
  test('in a circle of owners lets go of its own before it is deleted', () => {
    const middle = node('middle', { owners: [owner('first')] })
    const first = node('first', { owners: [owner('middle')], deleting: true, finalizers: ['foregroundDeletion'] })
    expect(planCollection(middle, ['waits-for-dependents'], [first])).toEqual({ type: 'unblock-owners' })
    const unblocked = { ...middle, owners: [owner('first', false)] }
    expect(planCollection(unblocked, ['waits-for-dependents'], [first])).toEqual({ type: 'delete', policy: 'Foreground' })
  })
  test('that is on its way out already is left alone', () => {
    expect(planCollection({ ...pod, deleting: true }, ['absent', 'absent'], [])).toEqual({ type: 'nothing' })
  })
})

describe('foreground deletion', () => {
  const waiting = node('set', { deleting: true, finalizers: ['foregroundDeletion'] })
  test('waits for dependents that block it, and sees to it that they go', () => {
    const pods = [node('p1', { owners: [owner('set')] }), node('p2', { owners: [owner('set')], deleting: true })]
    expect(planCollection(waiting, [], pods)).toEqual({ type: 'look-at-dependents', dependents: [pods[0]] })
  })
  test('ends when none is left that blocks', () => {
    const done = { type: 'remove-finalizer', finalizer: 'foregroundDeletion' }
    expect(planCollection(waiting, [], [])).toEqual(done)
    expect(planCollection(waiting, [], [node('p', { owners: [owner('set', false)] })])).toEqual(done)
  })
})

test('orphaning releases the dependents, then the owner', () => {
  const orphaning = node('set', { deleting: true, finalizers: ['orphan'] })
  const pods = [node('p', { owners: [owner('set')] })]
  expect(planCollection(orphaning, [], pods)).toEqual({ type: 'release-dependents', dependents: pods })
  expect(planCollection(orphaning, [], [])).toEqual({ type: 'remove-finalizer', finalizer: 'orphan' })
})

test('the graph follows owner references as they change', () => {
  const graph = new OwnerGraph()
  graph.put(node('p', { owners: [owner('a')] }))
  graph.put(node('p', { owners: [owner('b')] }))
  expect(graph.dependentsOf('a')).toEqual([])
  expect(graph.dependentsOf('b').map(({ uid }) => uid)).toEqual(['p'])
  graph.remove('p')
  expect(graph.dependentsOf('b')).toEqual([])
})

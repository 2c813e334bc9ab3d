import type { Node, Pod } from '@skiff/api'
import type { ApiClient } from '@skiff/client'
import { expect, test } from 'vitest'
import { NodeAdmission } from './node-admission.ts'

const METADATA = { name: 'node-1', uid: 'n-1', resourceVersion: '1', creationTimestamp: '' }
const ROOM = { cpu: '4', memory: '1Gi', pods: '110' }

function nodeThatSays(allocatable?: Readonly<Record<string, string>>): Node {
  const status = allocatable === undefined ? {} : { allocatable }
  return { apiVersion: 'v1', kind: 'Node', metadata: METADATA, spec: {}, status } as Node
}

/** `shown`: by the watch; `stored`: what whoever asks the API is told. */
function admissionTo(shown: Node, stored = shown, pods: readonly Pod[] = []): NodeAdmission {
  const client = { get: async () => stored } as unknown as ApiClient
  const options = { nodeName: 'node-1', node: () => shown, allocatable: ROOM, pods: () => pods }
  return new NodeAdmission({
    ...options,
    client,
    appArmor: () => false,
    pressures: () => new Set(),
    cgroupObstacle: async () => undefined,
  })
}

function podAsking(requests: Readonly<Record<string, string>>, uid = 'p-1'): Pod {
  const container = { name: 'c', image: 'app:1', resources: { requests } }
  return { apiVersion: 'v1', kind: 'Pod', metadata: { ...METADATA, name: uid, uid }, spec: { containers: [container] } }
}

test('a pod that comes before the first report of its node is judged by what the node has', async () => {
  const admission = admissionTo(nodeThatSays())
  expect(await admission.rejection(podAsking({ cpu: '1' }), false)).toBeUndefined()
  expect(await admission.rejection(podAsking({ cpu: '5' }), false)).toMatchObject({ reason: 'OutOfcpu' })
})

test('room that is newer than what the agent has seen of its node counts', async () => {
  const admission = admissionTo(
    nodeThatSays({ ...ROOM, 'example.com/thing': '1' }),
    nodeThatSays({ ...ROOM, 'example.com/thing': '2' }),
  )
  expect(await admission.rejection(podAsking({ 'example.com/thing': '2' }), false)).toBeUndefined()
  expect(await admission.rejection(podAsking({ 'example.com/thing': '3' }), false)).toMatchObject({
    reason: 'OutOfexample.com/thing',
  })
})

/** One that has `cpu` and asks for more or less by now. */
function podResized(uid: string, { has, asks }: { readonly has: string; readonly asks: string }): Pod {
  const containerStatuses = [{ name: 'c', allocatedResources: { cpu: has } }]
  return { ...podAsking({ cpu: asks }, uid), status: { startTime: '2026-01-01T00:00:00Z', containerStatuses } as never }
}

test('of a pod whose resize waits what it has counts, not what it would like', async () => {
  const [a, b] = ['a', 'b'].map((uid) => podResized(uid, { has: '1', asks: '3500m' })) as [Pod, Pod]
  const admission = admissionTo(nodeThatSays(ROOM), undefined, [a, b])
  for (const pod of [a, b]) expect(await admission.resizeRefusal(pod)).toMatchObject({ reason: 'Deferred' })
  expect(await admission.rejection(podAsking({ cpu: '2' }, 'c'), false)).toBeUndefined()
})

test('room goes to the most important of those that wait, whoever asks first', async () => {
  const withPriority = (pod: Pod, priority: number): Pod => ({ ...pod, spec: { ...pod.spec, priority } })
  const low = withPriority(podResized('low', { has: '1', asks: '3' }), 1)
  const high = withPriority(podResized('high', { has: '1', asks: '3' }), 10)
  const leaving = podResized('leaving', { has: '1500m', asks: '1500m' })
  const pods = [low, high, leaving]
  const admission = admissionTo(nodeThatSays(ROOM), undefined, pods)
  for (const pod of [low, high]) expect(await admission.resizeRefusal(pod)).toMatchObject({ reason: 'Deferred' })
  pods.pop()
  expect(await admission.resizeRefusal(low)).toMatchObject({ reason: 'Deferred' })
  expect(await admission.resizeRefusal(high)).toBeUndefined()
})

test('what a restarted agent finds of a resize that waits counts as its status says', async () => {
  const found = podResized('a', { has: '1', asks: '3500m' })
  const status = { ...found.status, conditions: [{ type: 'PodResizePending', status: 'True' }] } as never
  const admission = admissionTo(nodeThatSays(ROOM), undefined, [{ ...found, status }])
  expect(await admission.rejection(podAsking({ cpu: '3' }, 'b'), false)).toBeUndefined()
})

test('room that a pod leaves or gives up is told of', async () => {
  let told = 0
  const admission = admissionTo(nodeThatSays(ROOM))
  admission.onRoom(() => (told += 1))
  await admission.resizeRefusal(podResized('a', { has: '1', asks: '2' }))
  expect(told).toBe(0)
  await admission.resizeRefusal(podResized('a', { has: '2', asks: '1' }))
  expect(told).toBe(1)
  await admission.rejection(podAsking({ cpu: '1' }, 'b'), false)
  admission.forget('b')
  expect(told).toBe(2)
})

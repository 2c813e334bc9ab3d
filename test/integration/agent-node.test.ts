/** What the agent says of its node, and what it gives to pods, against the real API server, on an engine in memory. */

import { NODES, type Node, podIsReady } from '@skiff/api'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { C, TestNode } from '../support/test-node.ts'
import { waitFor } from '../support/wait-for.ts'

let node: TestNode

beforeEach(async () => {
  node = await TestNode.start()
})

afterEach(() => node[Symbol.asyncDispose]())

test('the node says what it can do, and is ready', async () => {
  const ready = await waitFor('the node is ready', async () => {
    const found = await node.client.get<Node>(NODES, { name: 'node-1' })
    return found.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') && found
  })
  expect(ready.metadata.labels).toMatchObject({ 'kubernetes.io/hostname': 'node-1', 'kubernetes.io/os': 'linux' })
  expect(ready.status?.capacity).toMatchObject({ cpu: '4', memory: '8Gi', pods: '110' })
  const labels = { 'kubernetes.io/os': 'dummy', 'kubernetes.io/arch': null, 'example.com/mine': 'kept' }
  await node.client.patch(NODES, { name: 'node-1' }, { type: 'merge', body: { metadata: { labels } } })
  const mended = await waitFor('the node says again what it runs on', async () => {
    const found = await node.client.get<Node>(NODES, { name: 'node-1' })
    return found.metadata.labels?.['kubernetes.io/os'] === 'linux' && found
  })
  expect(mended.metadata.labels).toEqual({ ...ready.metadata.labels, 'example.com/mine': 'kept' })
  node.runtime.setAvailable(false)
  const down = await waitFor('the node says that its engine is down', async () => {
    const found = await node.client.get<Node>(NODES, { name: 'node-1' })
    return found.status?.conditions?.find(({ type, status }) => type === 'Ready' && status === 'False')
  })
  expect(down.message).toBe('container runtime is down: the engine does not answer')
})

test('routes to other nodes are set when one has another address, not for all that nodes tell of themselves', async () => {
  const patch = (status: object) =>
    node.client.patch(NODES, { name: 'node-2', subresource: 'status' }, { type: 'merge', body: { status } })
  const addresses = (address: string) => ({ addresses: [{ type: 'InternalIP', address }] })
  const isReached = (nodeIp: string) =>
    waitFor(`node-2 is reached at ${nodeIp}`, () => node.agent.network.peers.some((peer) => peer.nodeIp === nodeIp))
  await waitFor(
    'this node has its address',
    async () => (await node.client.get<Node>(NODES, { name: 'node-1' })).status?.addresses,
  )
  const other = { metadata: { name: 'node-2' }, spec: { podCIDR: '10.244.2.0/24', podCIDRs: ['10.244.2.0/24'] } }
  await node.client.create(NODES, { ...other, status: addresses('10.0.0.8') } as never)
  await isReached('10.0.0.8')
  const before = node.agent.network.timesPeersWereSet
  for (const message of ['one', 'two', 'three', 'four', 'five'])
    await patch({ conditions: [{ type: 'Ready', status: 'True', reason: 'Test', message }] })
  await patch(addresses('10.0.0.9'))
  await isReached('10.0.0.9')
  expect(node.agent.network.timesPeersWereSet).toBe(before + 1)
})

test('extended resources that a client gives the node may be had by pods, as long as they are there', async () => {
  await hasAllocatable('cpu', '4')
  await giveNode('5')
  await hasAllocatable('example.com/foo', '5')

  await giveNode(null)
  await hasAllocatable('example.com/foo', undefined)
})

test('devices that the node’s settings declare are there for pods, and gone with the settings', async () => {
  const { runtime, images, dataDir } = node.agent
  const again = (settings: Record<string, unknown>) => node.startAgent({ runtime, images, dataDir, settings })
  await again({ devices: { 'example.com/thing': { count: 4, paths: ['/dev/full'] } } })
  await hasAllocatable('example.com/thing', '4')
  await node.pods.create('asking', { containers: [{ ...C, resources: { limits: { 'example.com/thing': '1' } } }] })
  const { uid } = (await node.pods.that('asking', podIsReady)).metadata
  const spec = runtime.spec(node.idOf(uid, 'c'))
  expect(spec?.devices).toEqual([{ path: '/dev/full', target: '/dev/full', permissions: 'rwm' }])

  await again({})
  await hasAllocatable('example.com/thing', undefined)
})

test('a node without room on its disk says so, takes no pods, and gives up what ended ones left here', async () => {
  await node.pods.create('done', { restartPolicy: 'Never' })
  const { uid } = (await node.pods.that('done', podIsReady)).metadata
  node.runtime.exitContainer(node.idOf(uid, 'c'), 3)
  const before = await node.pods.that('done', ({ status }) => status?.phase === 'Failed')
  const { runtime, images, dataDir } = node.agent
  const settings = { evictionHard: { 'nodefs.available': '99.99%' } }
  await node.startAgent({ runtime, images, dataDir, settings })

  await waitFor('the containers are gone', async () => (await runtime.inspectPod(uid)).containers.length === 0)
  await waitFor('the node says so', async () => {
    const { status } = await node.client.get<Node>(NODES, { name: 'node-1' })
    return status?.conditions?.some((one) => one.type === 'DiskPressure' && one.status === 'True')
  })
  await node.pods.create('late', {})
  const late = await node.pods.that('late', ({ status }) => status?.phase === 'Failed')
  expect(late.status).toMatchObject({ reason: 'Evicted', message: 'Pod was rejected: The node had condition: [DiskPressure]. ' })
  const { phase, containerStatuses } = (await node.pods.get('done')).status ?? {}
  expect({ phase, containerStatuses }).toEqual({ phase: 'Failed', containerStatuses: before.status?.containerStatuses })
})

async function giveNode(foo: string | null): Promise<void> {
  const body = { status: { capacity: { 'example.com/foo': foo } } }
  await node.client.patch(NODES, { name: 'node-1', subresource: 'status' }, { type: 'strategic', body })
}

async function hasAllocatable(name: string, amount: string | undefined): Promise<void> {
  await waitFor(`pods may have ${amount} of ${name}`, async () => {
    const { status } = await node.client.get<Node>(NODES, { name: 'node-1' })
    return status?.conditions !== undefined && status.allocatable?.[name] === amount
  })
}

import type { RequestListener } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { isNotFound, NODE_METRICS, NODES, POD_METRICS, PODS, type Pod } from '@skiff/api'
import type { ApiClient } from '@skiff/client'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type StreamingCluster, startStreamingCluster } from '../streaming/testing/streaming-cluster.ts'

interface PodMetrics {
  readonly metadata: { readonly name: string; readonly labels?: object }
  readonly window: string
  readonly containers: readonly object[]
}

const CPU = { time: '2026-01-01T00:00:00Z', usageNanoCores: 12_500_000 }
const NODE = { nodeName: 'n1', cpu: { ...CPU, usageNanoCores: 250_000_001 }, memory: { workingSetBytes: 3 * 2 ** 30 } }

let cluster: StreamingCluster
let now = 0
/** What the agent of n1 says of pods, by their uid. */
let told: { readonly podRef: { readonly uid: string }; readonly containers: readonly object[] }[]

beforeEach(async () => {
  now = Date.parse('2026-01-01T00:00:00Z')
  const onRequest: RequestListener = (_, response) => void response.end(JSON.stringify({ node: NODE, pods: told }))
  cluster = await startStreamingCluster({ onRequest, clock: () => new Date(now) })
  const { metadata } = await cluster.client.get<Pod>(PODS, { namespace: 'default', name: 'web' })
  told = [podStats(metadata.uid), podStats('of-another-node')]
})
afterEach(() => cluster[Symbol.asyncDispose]())

function podStats(uid: string) {
  const container = { name: 'c', cpu: CPU, memory: { workingSetBytes: 5 * 2 ** 20 } }
  return { podRef: { uid }, containers: [container, { name: 'without figures' }] }
}

const topPods = (client: ApiClient, options = {}) => client.list<PodMetrics>(POD_METRICS, options)

test('nodes and pods use what their agents say', async () => {
  const { items } = await cluster.client.list(NODE_METRICS)
  expect(items).toMatchObject([
    { metadata: { name: 'n1' }, timestamp: CPU.time, window: '10s', usage: { cpu: '250000001n', memory: '3Gi' } },
  ])
  const pods = await topPods(cluster.client)
  expect(pods.items).toMatchObject([
    { metadata: { namespace: 'default', name: 'web' }, containers: [{ name: 'c', usage: { cpu: '12500u', memory: '5Mi' } }] },
  ])
  expect(pods.items[0]?.containers).toHaveLength(1)
  const one = await cluster.client.get<PodMetrics>(POD_METRICS, { namespace: 'default', name: 'web' })
  expect(one).toEqual(pods.items[0])
  expect(await cluster.client.get(NODE_METRICS, { name: 'n1' })).toMatchObject({ usage: { memory: '3Gi' } })
})

test('selectors choose by the labels of pods and nodes', async () => {
  const body = { metadata: { labels: { app: 'web' } } }
  await cluster.client.patch(PODS, { namespace: 'default', name: 'web' }, { type: 'merge', body })
  const names = async (options: object) => (await topPods(cluster.client, options)).items.map(({ metadata }) => metadata.name)
  expect(await names({ labelSelector: 'app=web' })).toEqual(['web'])
  expect(await names({ labelSelector: 'app=other' })).toEqual([])
  expect(await names({ fieldSelector: 'metadata.name=other' })).toEqual([])
  expect(await names({ namespace: 'kube-system' })).toEqual([])
  expect((await topPods(cluster.client)).items[0]?.metadata.labels).toEqual({ app: 'web' })
})

test('many who ask cause one question to the agent, until what it said is old', async () => {
  await Promise.all(Array.from({ length: 20 }, () => topPods(cluster.client)))
  await cluster.client.list(NODE_METRICS)
  expect(cluster.agent.asked).toHaveLength(1)
  now += 10_000
  await topPods(cluster.client)
  expect(cluster.agent.asked).toHaveLength(2)
})

test('a pod that isn’t known, and one that nothing is known of, are not found', async () => {
  told = []
  const get = (name: string) => cluster.client.get(POD_METRICS, { namespace: 'default', name })
  for (const name of ['web', 'nosuch']) expect(await get(name).catch(isNotFound)).toBe(true)
})

test('an agent that doesn’t answer leaves out its own, and nobody else’s', async () => {
  await using silent = await startSilentServer()
  await cluster.client.create(NODES, { metadata: { name: 'n2' } })
  const status = {
    addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
    daemonEndpoints: { kubeletEndpoint: { Port: silent.port } },
  }
  await cluster.client.patch(NODES, { name: 'n2', subresource: 'status' }, { type: 'merge', body: { status } })
  const { items } = await cluster.client.list<{ metadata: { name: string } }>(NODE_METRICS)
  expect(items.map(({ metadata }) => metadata.name)).toEqual(['n1'])
  expect(silent.connections).toBeGreaterThan(0)
})

test('the group is discovered, and can only be read', async () => {
  const list = await cluster.client.request('GET', '/apis/metrics.k8s.io/v1beta1')
  expect(JSON.parse(list.body.toString('utf8')).resources).toEqual([
    { name: 'nodes', singularName: '', namespaced: false, kind: 'NodeMetrics', verbs: ['get', 'list'] },
    { name: 'pods', singularName: '', namespaced: true, kind: 'PodMetrics', verbs: ['get', 'list'] },
  ])
  const openApi = await cluster.client.request('GET', '/openapi/v3/apis/metrics.k8s.io/v1beta1')
  const { schemas } = JSON.parse(openApi.body.toString('utf8')).components
  expect(Object.keys(schemas)).toContain('io.k8s.metrics.pkg.apis.metrics.v1beta1.PodMetricsList')
  const deleting = cluster.client.delete(POD_METRICS, { namespace: 'default', name: 'web' })
  await expect(deleting).rejects.toMatchObject({ reason: 'MethodNotAllowed' })
})

/** Takes connections, and says nothing. */
async function startSilentServer() {
  const sockets = new Set<{ destroy(): void }>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return sockets.size
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

import {
  API_SERVICES,
  type APIService,
  CUSTOM_RESOURCE_DEFINITIONS,
  ENDPOINT_SLICES,
  findCondition,
  NODES,
  PODS,
  SERVICES,
} from '@skiff/api'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { VirtualResource } from '../registry/resource-definition.ts'
import { createServiceDialer } from '../streaming/service-dialer.ts'
import { startTestAgent, type TestAgent } from '../streaming/testing/test-agent.ts'
import { createTestAuthority, type TestAuthority } from '../streaming/testing/test-certificates.ts'
import { startTestApiServer, type TestApiServer } from '../testing.ts'
import { createAggregation } from './index.ts'
import { dialLocally, type ExtensionServer, startExtensionServer } from './testing/extension-server.ts'

let authority: TestAuthority
let extension: ExtensionServer
let agent: TestAgent
let api: TestApiServer
const stopping = new AbortController()

/** An extension server "in a pod": the pod's node is a test agent that forwards its port. */
beforeEach(async () => {
  authority = await createTestAuthority()
  extension = await startExtensionServer(authority)
  agent = await startTestAgent({ authority, node: 'n1', onWebSocket: () => (socket) => dialLocally(socket, extension.port) })
  const identity = await authority.issue({ commonName: 'front-proxy', usage: 'client' })
  api = await startTestApiServer({
    virtualResources: [STAND_IN],
    aggregation: (registry) =>
      createAggregation({
        registry,
        virtualResources: [],
        dialService: createServiceDialer({
          objects: registry.objects,
          credentials: () => ({ authorityPem: authority.certificatePem, ...identity }),
          random: Math.random,
          signal: stopping.signal,
        }),
        identity: () => identity,
        clock: () => new Date(),
        logger: pino({ level: 'silent' }),
        signal: stopping.signal,
      }),
  })
})

afterEach(async () => {
  await api.close()
  await agent[Symbol.asyncDispose]()
  await extension[Symbol.asyncDispose]()
})

/** What this server answers of that group unless an extension server does. */
const STAND_IN: VirtualResource = {
  info: {
    ...{ group: 'wardle.example.com', version: 'v1', kind: 'Placeholder', resource: 'placeholders', singular: '' },
    ...{ namespaced: true, shortNames: [], categories: [] },
  },
  list: () => [],
}

test('an extension server takes the place of what is built in and not stored, and gives it back', async () => {
  const namesOf = async () => ((await json('/apis/wardle.example.com/v1')) as { resources: { name: string }[] }).resources
  const timesListed = async () => {
    const { groups } = (await json('/apis')) as { groups: { name: string }[] }
    return groups.filter(({ name }) => name === 'wardle.example.com').length
  }
  expect(await namesOf()).toMatchObject([{ name: 'placeholders' }])

  await register()
  await available('True', 'Passed')

  expect(await namesOf()).toMatchObject([{ name: 'flunders' }, { name: 'flunders/shout' }])
  expect(await timesListed()).toBe(1)
  await api.client.delete(API_SERVICES, { name: 'v1.wardle.example.com' })
  await vi.waitFor(async () => expect(await namesOf()).toMatchObject([{ name: 'placeholders' }]), { timeout: 30_000 })
  expect(await timesListed()).toBe(1)
})

test('what this server serves itself is local, and always available', async () => {
  await vi.waitFor(
    async () => {
      const { items } = await api.client.list<APIService>(API_SERVICES)
      const names = items.map(({ metadata }) => metadata.name)
      expect(names).toEqual(expect.arrayContaining(['v1.', 'v1.apps', 'v2.autoscaling', 'v1.apiextensions.k8s.io']))
      for (const { status } of items)
        expect(findCondition(status?.conditions, 'Available')).toMatchObject({ status: 'True', reason: 'Local' })
    },
    { timeout: 30_000 },
  )
})

test('the group of a custom kind is there while the kind is', async () => {
  const metadata = { name: 'widgets.example.com' }
  const names = { plural: 'widgets', kind: 'Widget' }
  const versions = [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }]
  await api.client.create(CUSTOM_RESOURCE_DEFINITIONS, {
    metadata,
    spec: { group: 'example.com', scope: 'Namespaced', names, versions },
  } as object)
  await vi.waitFor(async () => await api.client.get(API_SERVICES, { name: 'v1.example.com' }), { timeout: 30_000 })

  await api.client.delete(CUSTOM_RESOURCE_DEFINITIONS, metadata)

  await vi.waitFor(
    async () => {
      await expect(api.client.get(API_SERVICES, { name: 'v1.example.com' })).rejects.toMatchObject({ reason: 'NotFound' })
    },
    { timeout: 30_000 },
  )
})

test('a request is passed on to the extension server, with who asks, and without what the client claims', async () => {
  await register()
  await available('True', 'Passed')

  const response = await fetch(`${api.url}/apis/wardle.example.com/v1/namespaces/default/flunders?limit=5`, {
    headers: {
      authorization: 'Bearer secret',
      'x-remote-user': 'somebody',
      'x-remote-group': 'system:nodes',
      accept: 'application/json',
    },
  })

  expect([response.status, await response.json()]).toEqual([200, { kind: 'FlunderList', items: [] }])
  // Whether the server is available is asked beside it.
  const path = '/apis/wardle.example.com/v1/namespaces/default/flunders?limit=5'
  const asked = extension.asked.find(({ url }) => url === path)
  expect(asked?.client).toBe('front-proxy')
  expect(asked?.headers).toMatchObject({ 'x-remote-user': 'admin', 'x-remote-group': 'system:masters, system:authenticated' })
  expect(asked?.headers.authorization).toBeUndefined()
})

test('a body goes there, and an answer other than 200 comes back as it is', async () => {
  await register()
  await available('True', 'Passed')

  const response = await fetch(`${api.url}/apis/wardle.example.com/v1/namespaces/default/flunders`, {
    method: 'POST',
    body: '{"kind":"Flunder"}',
    headers: { 'content-type': 'application/json' },
  })

  expect([response.status, await response.json()]).toEqual([201, { echo: '{"kind":"Flunder"}' }])
  const moved = await fetch(`${api.url}/apis/wardle.example.com/v1/moved`, { redirect: 'manual' })
  expect([moved.status, moved.headers.get('location')]).toEqual([302, 'http://169.254.169.254/'])
})

test('a WebSocket is joined with the extension server', async () => {
  await register()
  await available('True', 'Passed')

  const socket = api.client.webSocket('/apis/wardle.example.com/v1/namespaces/default/flunders/f/shout')
  const answer = await new Promise<string>((resolve, reject) => {
    socket.once('error', reject)
    socket.once('open', () => socket.send('hello'))
    socket.once('message', (message) => resolve(String(message)))
  })
  socket.close()

  expect(answer).toBe('HELLO')
})

test('discovery and OpenAPI show what the extension server has', async () => {
  await register()
  await available('True', 'Passed')

  const groups = (await json('/apis')) as { groups: { name: string }[] }
  const group = await json('/apis/wardle.example.com')
  const resources = await json('/apis/wardle.example.com/v1')
  const aggregated = (await json('/apis', 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList')) as Aggregated
  const openApi = (await json('/openapi/v3')) as { paths: Record<string, object> }

  expect(groups.groups.map(({ name }) => name)).toContain('wardle.example.com')
  expect(group).toMatchObject({ kind: 'APIGroup', preferredVersion: { groupVersion: 'wardle.example.com/v1' } })
  expect(resources).toMatchObject({ resources: [{ name: 'flunders' }, { name: 'flunders/shout' }] })
  expect(aggregated.items.find(({ metadata }) => metadata.name === 'wardle.example.com')?.versions).toMatchObject([
    {
      version: 'v1',
      freshness: 'Current',
      resources: [{ resource: 'flunders', scope: 'Namespaced', subresources: [{ subresource: 'shout' }] }],
    },
  ])
  expect(openApi.paths['apis/wardle.example.com/v1']).toEqual({
    serverRelativeURL: '/openapi/v3/apis/wardle.example.com/v1?hash=1',
  })
})

test.each([
  ['whose Service is missing', {}, SERVICES, 'ServiceNotFound'],
  ['whose Service has another port', { port: 8443 }, undefined, 'ServicePortError'],
  ['that has no ready pod', {}, ENDPOINT_SLICES, 'MissingEndpoints'],
  ['for which nobody vouches', { caBundle: undefined }, undefined, 'FailedDiscoveryCheck'],
])('an extension server %s is unavailable: 503, and stale in discovery', async (_name, change, missing, reason) => {
  await register(change)
  if (missing !== undefined) await api.client.delete(missing, inWardle('api'))

  await available('False', reason)

  const response = await fetch(`${api.url}/apis/wardle.example.com/v1/namespaces/default/flunders`)
  expect(response.status).toBe(503)
  const aggregated = (await json('/apis', 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList')) as Aggregated
  expect(aggregated.items.find(({ metadata }) => metadata.name === 'wardle.example.com')?.versions).toMatchObject([
    { version: 'v1', freshness: 'Stale', resources: [] },
  ])
})

test('becomes available when its pod does', async () => {
  await register()
  await api.client.delete(ENDPOINT_SLICES, inWardle('api'))
  await available('False', 'MissingEndpoints')

  await createSlice()

  await available('True', 'Passed')
})

test('stays available when it fails to answer once, and not when it goes on failing', async () => {
  await register()
  await available('True', 'Passed')
  const before = await condition()
  const looksAgain = (label: string) =>
    api.client.patch(SERVICES, inWardle('api'), { type: 'merge', body: { metadata: { labels: { looks: label } } } })

  extension.failing = 1
  const asked = extension.asked.length
  await looksAgain('first')
  await vi.waitFor(() => expect(extension.failing).toBe(0), { timeout: 30_000 })
  await vi.waitFor(() => expect(timesAsked(asked)).toBeGreaterThanOrEqual(2), { timeout: 30_000 })
  expect(await condition()).toEqual(before)

  extension.failing = Number.POSITIVE_INFINITY
  await looksAgain('second')
  await available('False', 'FailedDiscoveryCheck')
})

interface Aggregated {
  readonly items: { metadata: { name?: string }; versions: object[] }[]
}

const inWardle = (name: string) => ({ name, namespace: 'default' })

async function register({ port = 443, ...change }: { port?: number; caBundle?: string | undefined } = {}): Promise<void> {
  const status = {
    addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
    daemonEndpoints: { kubeletEndpoint: { Port: agent.port } },
  }
  await api.client.create(NODES, { metadata: { name: 'n1' } })
  await api.client.patch(NODES, { name: 'n1', subresource: 'status' }, { type: 'merge', body: { status } })
  await api.client.create(PODS, {
    metadata: inWardle('api'),
    spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'x' }] },
  } as object)
  await api.client.create(SERVICES, { metadata: inWardle('api'), spec: { ports: [{ port: 443, targetPort: 8443 }] } } as object)
  await createSlice()
  const service = { ...inWardle('api'), port }
  const caBundle = Buffer.from(authority.certificatePem).toString('base64')
  await api.client.create(API_SERVICES, {
    metadata: { name: 'v1.wardle.example.com' },
    spec: {
      group: 'wardle.example.com',
      version: 'v1',
      groupPriorityMinimum: 2000,
      versionPriority: 200,
      service,
      caBundle,
      ...change,
    },
  } as object)
}

async function createSlice(): Promise<void> {
  await api.client.create(ENDPOINT_SLICES, {
    metadata: { ...inWardle('api'), labels: { 'kubernetes.io/service-name': 'api' } },
    addressType: 'IPv4',
    endpoints: [
      { addresses: ['10.244.0.5'], conditions: { ready: true }, targetRef: { kind: 'Pod', name: 'api', namespace: 'default' } },
    ],
    ports: [{ name: '', port: 8443, protocol: 'TCP' }],
  } as object)
}

async function available(status: string, reason: string): Promise<void> {
  await vi.waitFor(
    async () => {
      const service = await api.client.get<APIService>(API_SERVICES, { name: 'v1.wardle.example.com' })
      expect(findCondition(service.status?.conditions, 'Available')).toMatchObject({ status, reason })
    },
    { timeout: 30_000 },
  )
}

async function condition(): Promise<unknown> {
  const service = await api.client.get<APIService>(API_SERVICES, { name: 'v1.wardle.example.com' })
  return findCondition(service.status?.conditions, 'Available')
}

function timesAsked(since: number): number {
  return extension.asked.slice(since).filter(({ url }) => url === '/apis/wardle.example.com/v1').length
}

async function json(path: string, accept = 'application/json'): Promise<unknown> {
  return await (await fetch(api.url + path, { headers: { accept } })).json()
}

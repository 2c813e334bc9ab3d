/** The cluster's DNS while the cluster is busy: what a proxy knows comes from a real API server, which changes all the time. */
import { createSocket } from 'node:dgram'
import { ENDPOINT_SLICES, type EndpointSlice, SERVICES, type Service } from '@skiff/api'
import { startTestApiServer, type TestApiServer } from '@skiff/apiserver/testing'
import { createInformer } from '@skiff/client'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DnsServer, startDnsServer } from '../../packages/proxy/src/dns/dns-server.ts'
import { queryAddresses } from '../../packages/proxy/src/dns/udp-query.fixture.ts'
import { freePort } from '../support/free-port.ts'
import { waitFor } from '../support/wait-for.ts'

const SERVICE_COUNT = 20
/** As many as fit into a plain UDP answer. */
const ENDPOINTS = 5
const CLIENTS = 8
const QUERIES_OF_EACH = 400
/** Then a resolver asks again: what takes as long is a stall. */
const LONGEST_MS = 5_000

const logger = pino({ level: 'silent' })
const abort = new AbortController()
const names = Array.from({ length: SERVICE_COUNT }, (_, index) => `service-${index}`)
let api: TestApiServer
let dns: DnsServer
let port: number
let changesSeen = 0

beforeAll(async () => {
  api = await startTestApiServer()
  for (const name of names) await createHeadless(name)
  port = await freePort()
  dns = await startDnsServer({ address: '127.0.0.1', port, zone: await followedZone(), upstream: async () => [], logger })
})
afterAll(async () => {
  abort.abort()
  await dns?.close()
  await api?.close()
})

/** As a proxy has it, from informers. */
async function followedZone() {
  const common = { logger, signal: abort.signal }
  const services = createInformer<Service>(api.client, SERVICES, common)
  const byService = (slice: EndpointSlice) => [slice.metadata.labels?.['kubernetes.io/service-name'] ?? '']
  const slices = createInformer<EndpointSlice>(api.client, ENDPOINT_SLICES, { ...common, indexes: { byService } })
  slices.onChange(() => (changesSeen += 1))
  for (const informer of [services, slices]) informer.start()
  await Promise.all([services.synced, slices.synced])
  return {
    domain: 'cluster.local',
    isComplete: () => true,
    service: (namespace: string, name: string) => services.get(`${namespace}/${name}`),
    serviceByClusterIp: () => undefined,
    slices: () => slices.list(),
    namespaceExists: () => true,
    slicesOf: (_: string, name: string) => slices.byIndex('byService', name),
  }
}

test('every query is answered, and soon, while endpoints change without end', async () => {
  const seenBefore = changesSeen
  const churning = new AbortController()
  const churn = changeEndpoints(churning.signal)
  const asked = await Promise.allSettled(Array.from({ length: CLIENTS }, askManyTimes))
  churning.abort()
  const changes = await churn

  expect(asked.filter(({ status }) => status === 'rejected')).toEqual([])
  const took = asked.flatMap((each) => (each.status === 'fulfilled' ? each.value : []))
  expect(took).toHaveLength(CLIENTS * QUERIES_OF_EACH)
  expect(Math.max(...took)).toBeLessThan(LONGEST_MS)
  expect(changes).toBeGreaterThan(SERVICE_COUNT)
  await waitFor('the DNS has seen all of them', () => changesSeen - seenBefore === changes)
})

/** One query after the other, each about another Service; fails when one is lost, refused or empty. Tells how long each took. */
async function askManyTimes(): Promise<number[]> {
  const socket = createSocket('udp4')
  const took: number[] = []
  try {
    for (let id = 0; id < QUERIES_OF_EACH; id++) {
      const began = performance.now()
      const reply = await queryAddresses(socket, port, id, `${names[id % SERVICE_COUNT]}.default.svc.cluster.local`)
      took.push(performance.now() - began)
      expect(reply).toMatchObject({ id, rcode: 'NOERROR' })
      expect(reply.addresses).toHaveLength(ENDPOINTS)
    }
  } finally {
    socket.close()
  }
  return took
}

/** Gives one Service after the other new endpoints; tells how often it did. */
async function changeEndpoints(signal: AbortSignal): Promise<number> {
  let changes = 0
  for (; !signal.aborted; changes++) {
    const name = names[changes % SERVICE_COUNT] ?? ''
    const body = { endpoints: endpointsOf(changes) }
    await api.client.patch(ENDPOINT_SLICES, { namespace: 'default', name }, { type: 'merge', body })
  }
  return changes
}

const endpointsOf = (generation: number) =>
  Array.from({ length: ENDPOINTS }, (_, index) => ({
    addresses: [`10.244.${(generation + 1) % 250}.${index + 2}`],
    conditions: { ready: true },
  }))

async function createHeadless(name: string): Promise<void> {
  const metadata = { name, namespace: 'default', labels: { 'kubernetes.io/service-name': name } }
  await api.client.create(SERVICES, { metadata, spec: { clusterIP: 'None', ports: [{ port: 80 }] } } as never)
  const slice = { metadata, addressType: 'IPv4', ports: [{ name: '', port: 80 }], endpoints: endpointsOf(-1) }
  await api.client.create(ENDPOINT_SLICES, slice as never)
}

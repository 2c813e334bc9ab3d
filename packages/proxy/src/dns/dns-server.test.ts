import { createSocket } from 'node:dgram'
import type { EndpointSlice, Service } from '@skiff/api'
import dnsPacket from 'dns-packet'
import pino from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DnsServer, startDnsServer } from './dns-server.ts'
import { askUpstream } from './upstream.ts'
import type { ZoneData } from './zone.ts'

const metadata = (name: string) => ({
  name,
  namespace: 'default',
  uid: name,
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
})

const services: Service[] = [
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata('posts'),
    spec: { clusterIP: '10.96.0.7', ports: [{ name: 'http', port: 80, protocol: 'TCP' }] },
  },
  { apiVersion: 'v1', kind: 'Service', metadata: metadata('db'), spec: { clusterIP: 'None', ports: [{ port: 5432 }] } },
  { apiVersion: 'v1', kind: 'Service', metadata: metadata('far'), spec: { type: 'ExternalName', externalName: 'example.com' } },
]

const many = Array.from({ length: 200 }, (_, i) => ({
  addresses: [`10.244.1.${i + 2}`],
  hostname: `db-${i}`,
  conditions: { ready: i !== 199 },
}))
const slices: EndpointSlice[] = [
  {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: metadata('db-x'),
    addressType: 'IPv4',
    ports: [{ name: '', port: 5432 }],
    endpoints: many,
  },
]

const zone: ZoneData = {
  domain: 'cluster.local',
  isComplete: () => true,
  service: (namespace, name) => services.find((s) => namespace === 'default' && s.metadata.name === name),
  serviceByClusterIp: (ip) => services.find((s) => s.spec.clusterIP === ip),
  namespaceExists: (name) => name === 'default',
  slicesOf: (_, name) => (name === 'db' ? slices : []),
}

const PORT = 20_053
let server: DnsServer

beforeAll(async () => {
  server = await startDnsServer({
    address: '127.0.0.1',
    port: PORT,
    zone,
    upstream: async () => [],
    logger: pino({ level: 'silent' }),
  })
})
afterAll(() => server.close())

async function ask(name: string, type: dnsPacket.RecordType = 'A'): Promise<dnsPacket.DecodedPacket & { rcode: string }> {
  const reply = await send(
    dnsPacket.encode({ type: 'query', id: 7, flags: dnsPacket.RECURSION_DESIRED, questions: [{ type, name }] }),
  )
  return dnsPacket.decode(reply) as dnsPacket.DecodedPacket & { rcode: string }
}

function send(message: Buffer): Promise<Buffer> {
  const socket = createSocket('udp4')
  return new Promise<Buffer>((resolve) => {
    socket.once('message', resolve)
    socket.send(message, PORT, '127.0.0.1')
  }).finally(() => socket.close())
}

describe('the cluster DNS', () => {
  it('answers a Service by its full name, whatever the case', async () => {
    const reply = await ask('Posts.default.SVC.cluster.local')
    expect(reply.answers).toMatchObject([{ type: 'A', data: '10.96.0.7' }])
  })

  it('says that a name does not exist, and that a type does not', async () => {
    expect((await ask('nothing.default.svc.cluster.local')).rcode).toBe('NXDOMAIN')
    const noData = await ask('posts.default.svc.cluster.local', 'AAAA')
    expect(noData).toMatchObject({ rcode: 'NOERROR', answers: [] })
  })

  it('names the endpoints of a headless Service by hostname', async () => {
    expect((await ask('db-3.db.default.svc.cluster.local')).answers).toMatchObject([{ data: '10.244.1.5' }])
  })

  it('leaves out endpoints that are not ready', async () => {
    expect((await ask('db-199.db.default.svc.cluster.local')).rcode).toBe('NXDOMAIN')
  })

  it('truncates what does not fit into UDP', async () => {
    expect((await ask('db.default.svc.cluster.local')).flag_tc).toBe(true)
  })

  it('answers ports, external names and reverse names', async () => {
    expect((await ask('_http._tcp.posts.default.svc.cluster.local', 'SRV')).answers).toMatchObject([
      { data: { port: 80, target: 'posts.default.svc.cluster.local' } },
    ])
    expect((await ask('far.default.svc.cluster.local')).answers).toMatchObject([{ type: 'CNAME', data: 'example.com' }])
    expect((await ask('7.0.96.10.in-addr.arpa', 'PTR')).answers).toMatchObject([{ data: 'posts.default.svc.cluster.local' }])
  })

  it('says SERVFAIL for names elsewhere when no name server answers', async () => {
    expect((await ask('example.com')).rcode).toBe('SERVFAIL')
  })

  it('survives garbage', async () => {
    const socket = createSocket('udp4')
    for (let i = 0; i < 200; i++)
      await new Promise((sent) =>
        socket.send(Buffer.from(Array.from({ length: i }, () => (i * 37) % 256)), PORT, '127.0.0.1', sent),
      )
    socket.close()
    expect((await ask('posts.default.svc.cluster.local')).answers).toHaveLength(1)
  })

  it('has no upstream answer when there is no upstream', async () => {
    expect(await askUpstream([], Buffer.alloc(12), 'udp')).toBeUndefined()
  })
})

import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import type { EndpointSlice, Service } from '@skiff/api'
import dnsPacket from 'dns-packet'
import pino from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { metadata } from '../testing/objects.ts'
import { type DnsServer, startDnsServer } from './dns-server.ts'
import type { ZoneData } from './zone.ts'

const services: Service[] = [
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata('posts'),
    spec: { clusterIP: '10.96.0.7', ports: [{ name: 'http', port: 80, protocol: 'TCP' }] },
  },
  { apiVersion: 'v1', kind: 'Service', metadata: metadata('db'), spec: { clusterIP: 'None', ports: [{ port: 5432 }] } },
  { apiVersion: 'v1', kind: 'Service', metadata: metadata('far'), spec: { type: 'ExternalName', externalName: 'example.com' } },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata('alias'),
    spec: { type: 'ExternalName', externalName: 'Posts.default.svc.cluster.local.' },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata('round'),
    spec: { type: 'ExternalName', externalName: 'round.default.svc.cluster.local' },
  },
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
    metadata: { ...metadata('db-x'), labels: { 'kubernetes.io/service-name': 'db' } },
    addressType: 'IPv4',
    ports: [{ name: '', port: 5432 }],
    endpoints: many,
  },
]

let isComplete = true
const zone: ZoneData = {
  domain: 'cluster.local',
  isComplete: () => isComplete,
  service: (namespace, name) => services.find((s) => namespace === 'default' && s.metadata.name === name),
  serviceByClusterIp: (ip) => services.find((s) => s.spec.clusterIP === ip),
  namespaceExists: (name) => name === 'default',
  slicesOf: (_, name) => (name === 'db' ? slices : []),
  slices: () => slices,
}

const PORT = 20_000 + (process.pid % 10_000)
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

async function ask(
  name: string,
  type: dnsPacket.RecordType = 'A',
  additionals: dnsPacket.Answer[] = [],
): Promise<dnsPacket.DecodedPacket & { rcode: string }> {
  const reply = await send(
    dnsPacket.encode({ type: 'query', id: 7, flags: dnsPacket.RECURSION_DESIRED, questions: [{ type, name }], additionals }),
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

  it('gives as many endpoints as fit into UDP, and says that there are more', async () => {
    const plain = await ask('db.default.svc.cluster.local')
    expect(plain.flag_tc).toBe(true)
    expect(plain.answers?.length).toBeGreaterThan(5)
    const edns = await ask('db.default.svc.cluster.local', 'A', [
      { type: 'OPT', name: '.', udpPayloadSize: 4096 } as dnsPacket.OptAnswer,
    ])
    expect(edns.answers?.length).toBeGreaterThan(2 * (plain.answers?.length ?? 0))
    expect(edns.additionals).toMatchObject([{ type: 'OPT' }])
  })

  it('gives all of them over TCP', async () => {
    const socket = connect(PORT, '127.0.0.1')
    socket.write(
      dnsPacket.streamEncode({ type: 'query', id: 7, questions: [{ type: 'A', name: 'db.default.svc.cluster.local' }] }),
    )
    let received = Buffer.alloc(0)
    for await (const chunk of socket) {
      received = Buffer.concat([received, chunk])
      if (received.length >= received.readUInt16BE(0) + 2) break
    }
    expect(dnsPacket.streamDecode(received).answers).toHaveLength(199)
  })

  it('follows an external name, since resolvers of programs do not', async () => {
    const reply = await ask('alias.default.svc.cluster.local')
    expect(reply.answers).toMatchObject([
      { type: 'CNAME', data: 'posts.default.svc.cluster.local' },
      { type: 'A', data: '10.96.0.7' },
    ])
    expect((await ask('round.default.svc.cluster.local')).answers?.length).toBeGreaterThan(0)
  })

  it('says SERVFAIL, not that a name is missing, until everything was read', async () => {
    isComplete = false
    expect((await ask('posts.default.svc.cluster.local')).rcode).toBe('SERVFAIL')
    isComplete = true
  })

  it('answers questions of types that it does not know', async () => {
    expect(await ask('posts.default.svc.cluster.local', 'UNKNOWN_65' as dnsPacket.RecordType)).toMatchObject({
      rcode: 'NOERROR',
      answers: [],
    })
  })

  it('says FORMERR to names that are not text, giving them back as they came', async () => {
    const header = Buffer.from([0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0])
    const question = Buffer.concat([Buffer.from([63]), Buffer.alloc(63, 0xff), Buffer.from([0, 0, 1, 0, 1])])
    const reply = await send(Buffer.concat([header, question]))
    expect(reply.subarray(12)).toEqual(question)
    expect([reply.readUInt16BE(0), reply.readUInt16BE(2) & 0xf]).toEqual([7, 1])
  })

  it('does not answer answers', async () => {
    const socket = createSocket('udp4')
    const heard: Buffer[] = []
    socket.on('message', (message) => heard.push(message))
    const response = dnsPacket.encode({
      type: 'response',
      id: 1,
      questions: [{ type: 'A', name: 'posts.default.svc.cluster.local' }],
    })
    const query = dnsPacket.encode({ type: 'query', id: 2, questions: [{ type: 'A', name: 'posts.default.svc.cluster.local' }] })
    for (const message of [response, response, query]) socket.send(message, PORT, '127.0.0.1')
    await expect.poll(() => heard.length).toBeGreaterThan(0)
    expect(heard.map((message) => message.readUInt16BE(0))).toEqual([2])
    socket.close()
  })

  it('answers ports, external names and reverse names', async () => {
    expect((await ask('_http._tcp.posts.default.svc.cluster.local', 'SRV')).answers).toMatchObject([
      { data: { port: 80, target: 'posts.default.svc.cluster.local' } },
    ])
    expect((await ask('far.default.svc.cluster.local')).answers).toMatchObject([{ type: 'CNAME', data: 'example.com' }])
    expect((await ask('7.0.96.10.in-addr.arpa', 'PTR')).answers).toMatchObject([{ data: 'posts.default.svc.cluster.local' }])
  })

  it('names an endpoint of a headless Service that is asked for by its address, as long as it is ready', async () => {
    expect((await ask('4.1.244.10.in-addr.arpa', 'PTR')).answers).toMatchObject([{ data: 'db-2.db.default.svc.cluster.local' }])
    expect((await ask('201.1.244.10.in-addr.arpa', 'PTR')).answers).toEqual([])
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
})

/** The agent's own port, which anybody on the network reaches, under garbage, and under those who are slow. */

import { connect as connectPlain, type Socket } from 'node:net'
import { type ConnectionOptions, connect } from 'node:tls'
import { startTestAgent, type TestAgent } from '@skiff/agent/testing'
import { podIsReady } from '@skiff/api'
import { startTestApiServer, type TestApiServer } from '@skiff/apiserver/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AgentServer, type ServerLimits, serveAgent } from '../../packages/agent/src/server/agent-server.ts'
import { garbled } from '../../packages/apiserver/src/fuzz/mutate.ts'
import { Random } from '../../packages/apiserver/src/fuzz/random.ts'
import { createTestAuthority } from '../../packages/apiserver/src/streaming/testing/test-certificates.ts'
import { Pods } from '../support/pods.ts'
import { waitFor } from '../support/wait-for.ts'

const HOST = '127.0.0.1'
/** Long enough for who is only slow because this machine is. */
const PATIENT = { headersMs: 10_000, requestMs: 10_000, connections: 2_000 }
const IMPATIENT = { headersMs: 1_000, requestMs: 1_500, connections: 100 }
const SILENT = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

let api: TestApiServer
let agent: TestAgent
let patient: AgentServer
let impatient: AgentServer
let asMaster: ConnectionOptions

beforeAll(async () => {
  api = await startTestApiServer({ namespaces: ['default', 'kube-system', 'kube-node-lease'] })
  agent = await startTestAgent({ client: api.client })
  const authority = await createTestAuthority()
  const serving = await authority.issue({ commonName: 'node-1', usage: 'server' })
  const client = await authority.issue({ commonName: 'skiff-master', organizations: ['skiff:masters'], usage: 'client' })
  const ca = authority.certificatePem
  const keys = { ca, servingCert: serving.certificatePem, servingKey: serving.keyPem, server: '', clientCert: '', clientKey: '' }
  const serve = async (limits: ServerLimits) => {
    const common = { nodeName: 'node-1', port: 0, client: api.client, now: () => new Date(), logger: SILENT }
    const server = await serveAgent({ ...common, credentials: keys, engine: agent, limits })
    server.attach(agent.running)
    return server
  }
  patient = await serve(PATIENT)
  impatient = await serve(IMPATIENT)
  asMaster = { host: HOST, ca, cert: client.certificatePem, key: client.keyPem }
  const pods = new Pods(() => api.client, { spec: { nodeName: 'node-1', containers: [{ name: 'c', image: 'app:1' }] } })
  await pods.create('web', {})
  await pods.that('web', podIsReady)
})

afterAll(async () => {
  await Promise.all([patient.close(), impatient.close()])
  await agent[Symbol.asyncDispose]()
  await api.close()
})

const HEAD = 'Host: agent\r\nConnection: close\r\n'
const UPGRADE = `${HEAD.replace('close', 'Upgrade')}Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: v5.channel.k8s.io\r\n`
const get = (path: string, headers = HEAD, body = '') => `GET ${path} HTTP/1.1\r\n${headers}\r\n${body}`
const LONG = 'x'.repeat(100_000)

const REQUESTS = [
  get('/pods'),
  get('/containerLogs/default/web/c?tailLines=1&sinceSeconds=x'),
  get('/containerLogs/default/web'),
  get('/containerLogs/%2e%2e/%2f/%00'),
  get('/deletedLogs/default/web'),
  get('/images/%FF%FE'),
  get('/stats/summary'),
  get('/logs/?query=kernel'),
  get('/exec/default/web/c?command=x', UPGRADE),
  get('/exec/default/web/c', UPGRADE),
  get('/attach/default/web/nope', UPGRADE),
  get('/portForward/default/web?port=99999', UPGRADE),
  get('/portForward/default/web?port=1e9', UPGRADE.replace('13', '7')),
  get('/exec/default/web/c?command=x', UPGRADE.replace('websocket', 'SPDY/3.1')),
  get('//[::/x'),
  get('http://169.254.169.254/latest'),
  get('/%'),
  get('*'),
  get(`/${LONG}`),
  get('/pods', `${HEAD}X-Long: ${LONG}\r\n`),
  get('/pods', `${HEAD}${'X: y\r\n'.repeat(5_000)}`),
  get('/pods', `${HEAD}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n`, 'ffffffffffffffff\r\nx'),
  get('/pods', `${HEAD}Transfer-Encoding: chunked\r\n`, '5;ext="\r\nhello\r\n0\r\nTrailer: x\r\n\r\n'),
  get('/pods', `${HEAD}Content-Encoding: gzip\r\nContent-Length: 4\r\n`, '\x1f\x8b\x08\x00'),
  get('/pods', HEAD.replace('close', 'X-Remote-User, Authorization')),
  get('/pods', `${HEAD}Expect: 100-continue\r\nContent-Length: 1\r\n`, 'x'),
  `CONNECT agent:1 HTTP/1.1\r\n${HEAD}\r\n`,
  `TRACE /pods HTTP/1.1\r\n${HEAD}\r\n`,
  `${get('/healthz', 'Host: agent\r\n')}${get('/healthz')}`,
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
]

/** Frames after an upgrade: of no kind, without a mask, of lengths that nobody can keep, of words that mean nothing. */
const FRAMES = [
  Buffer.from([0x83, 0x80, 0, 0, 0, 0]),
  Buffer.from([0xf2, 0x81, 1, 2, 3, 4, 5]),
  Buffer.from([0x82, 0x05, 1, 2, 3, 4, 5]),
  Buffer.from([0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]),
  Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3]),
  Buffer.from([0x89, 0xfe, 0x7f, 0xff, 0, 0, 0, 0]),
  Buffer.from([0x88, 0x81, 0, 0, 0, 0, 7]),
  Buffer.from([0x82, 0x80, 0, 0, 0, 0]),
  Buffer.concat([Buffer.from([0x82, 0x84, 0, 0, 0, 0, 4]), Buffer.from('{"W')]),
  Buffer.from([0x02, 0x81, 0, 0, 0, 0, 0, 0x81, 0x81, 0, 0, 0, 0, 1]),
]

const secured = ({ port } = patient) => connect({ ...asMaster, port })
const plain = ({ port } = patient) => connectPlain({ host: HOST, port })

/** What came back, once the connection is over. The client ends its own half when it hears something: before, it would cut it off. */
function ask(socket: Socket, ...said: readonly Uint8Array[]): Promise<string> {
  return new Promise((resolve) => {
    let answer = ''
    socket.on('data', (bytes: Buffer) => {
      if (answer.length < 10_000) answer += bytes.toString('latin1')
      if (!socket.writableEnded) socket.end()
    })
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(answer))
    for (const bytes of said) socket.write(bytes)
  })
}

/** The same for what may never be answered, since it has no end: the client ends it as soon as all is said. */
function tell(socket: Socket, bytes: Uint8Array): Promise<string> {
  const answer = ask(socket, bytes)
  socket.end()
  return answer
}

/** One after the other by each of some clients. */
async function each<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values()
  const client = async () => {
    for (const item of rest) await act(item)
  }
  await Promise.all(Array.from({ length: 10 }, client))
}

const isServed = async (server = patient) =>
  (await ask(secured(server), Buffer.from(get('/healthz')))).startsWith('HTTP/1.1 200 OK')

test('the host’s logs are shown, and nothing else of the host', async () => {
  const shown = (path: string) => ask(secured(), Buffer.from(get(path)))
  expect(await shown('/logs/')).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*<pre>\n/)
  for (const path of [
    '/logs/nothing-of-that-name',
    '/logs/%2e%2e/%2e%2e/etc/passwd',
    '/logs/..%2f..%2fetc%2fpasswd',
    '/logs/%00',
  ])
    expect(await shown(path), path).toMatch(/^HTTP\/1\.1 404 /)
})

test('garbled requests are answered or cut off, none of it is our mistake, and others are served', async () => {
  const random = new Random(3)
  const isNotOurMistake = (answer: string, bytes: Buffer) =>
    expect(answer, bytes.toString('latin1').slice(0, 500)).not.toMatch(/^HTTP\/1\.1 500/)
  const whole = REQUESTS.map((text) => Buffer.from(text, 'latin1'))
  await each(whole, async (bytes) => isNotOurMistake(await ask(secured(), bytes), bytes))
  const broken = repeated(4, REQUESTS, (text) => garbled(text, random))
  await each(broken, async (bytes) => isNotOurMistake(await tell(secured(), bytes), bytes))
  expect(await isServed()).toBe(true)
})

test('frames that are none end their session, and nobody else’s', async () => {
  const random = new Random(4)
  const upgrade = Buffer.from(get('/attach/default/web/c?stdin=true&stdout=true', UPGRADE))
  const all = [...FRAMES, ...repeated(3, FRAMES, (frame) => garbled(frame.toString('latin1'), random))]
  await each(all, async (frame) => {
    expect(await ask(secured(), upgrade, frame)).toMatch(/^HTTP\/1\.1 101 /)
  })
  expect(await isServed()).toBe(true)
})

test('what is no TLS is cut off', async () => {
  const random = new Random(5)
  const hello = Buffer.from('160301006401000060030304aa', 'hex').toString('latin1')
  const all = repeated(20, [hello, get('/pods'), '\x15\x03\x01\x00\x02\x02\x00', 'SSH-2.0-x\r\n'], (text) =>
    garbled(text, random),
  )
  await each(all, async (bytes) => {
    expect(await tell(plain(), bytes)).not.toMatch(/^HTTP\/1\.1 200/)
  })
  expect(await isServed()).toBe(true)
})

test('who is slow is cut off, however he dawdles, and nobody waits for him', async () => {
  const begun = get('/pods').slice(0, -4)
  const endless = get('/pods', 'Host: agent\r\nTransfer-Encoding: chunked\r\n')
  const dawdlers = [
    ...Array.from({ length: 20 }, () => dawdle(plain(impatient))),
    ...Array.from({ length: 10 }, () => dawdle(secured(impatient))),
    ...Array.from({ length: 10 }, () => dawdle(secured(impatient), begun, 'x')),
    ...Array.from({ length: 10 }, () => dawdle(secured(impatient), endless, '1\r\nx\r\n')),
  ]
  await waitFor('others are served', () => isServed(impatient))
  await Promise.all(dawdlers)
})

test('connections without end are held within a bound, and who comes after them is served', async () => {
  await Promise.all(Array.from({ length: 3 * IMPATIENT.connections }, () => dawdle(plain(impatient))))
  await waitFor('others are served', () => isServed(impatient))
})

/** Says something, then a little now and then, and resolves when the other end has had enough of it. */
function dawdle(socket: Socket, first = '', again = ''): Promise<void> {
  return new Promise((resolve) => {
    const timer = setInterval(() => again !== '' && socket.write(again), 50)
    socket.resume()
    socket.on('error', () => undefined)
    socket.on('close', () => {
      clearInterval(timer)
      resolve()
    })
    if (first !== '') socket.write(first)
  })
}

function repeated<T, R>(times: number, items: readonly T[], make: (item: T) => R): R[] {
  return Array.from({ length: times }, () => items.map(make)).flat()
}

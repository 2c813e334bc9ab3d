import { once } from 'node:events'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { request } from 'node:http'
import { request as tlsRequest } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as tlsConnect } from 'node:tls'
import { createMemoryStore } from '@skiff/store'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { type ApiServer, createApiServer } from '../api-server.ts'
import { NodeLiveness } from '../liveness/node-liveness.ts'
import { Registry } from '../registry/registry.ts'
import { BUILT_IN_RESOURCES } from '../resources/index.ts'
import { newTestCertificates } from '../testdata/certificates.ts'
import { TEST_CLUSTER } from '../testing.ts'
import type { Credentials } from './request-context.ts'

interface Started extends AsyncDisposable {
  readonly server: ApiServer
  /** What the authenticator was shown. */
  readonly seen: Credentials[]
}

async function start(): Promise<Started> {
  const store = createMemoryStore()
  const clock = () => new Date()
  const registry = new Registry({ store, resources: BUILT_IN_RESOURCES, cluster: TEST_CLUSTER, clock, random: Math.random })
  const seen: Credentials[] = []
  const server = await createApiServer({
    registry,
    clock,
    random: Math.random,
    authenticator: {
      authenticate: async (credentials) => {
        seen.push(credentials)
        return { name: 'u', groups: [] }
      },
    },
    authorizer: { authorize: () => ({ allowed: true, reason: '' }) },
    admission: { mutate: () => undefined, validate: () => undefined },
    liveness: new NodeLiveness(() => performance.now()),
    caCertificates: 'the CA',
    readiness: { store: () => 'not open yet' },
    logger: pino({ level: 'silent' }),
  })
  const dispose = async () => {
    await server.close()
    await store.close()
  }
  return { server, seen, [Symbol.asyncDispose]: dispose }
}

test('the plain port answers health checks, the version and the CA, and 426 with the right command otherwise', async () => {
  await using started = await start()
  const { port } = await started.server.listenPlain({ host: '127.0.0.1', port: 0 })
  const get = (path: string) => fetch(`http://127.0.0.1:${port}${path}`)

  const [health, version, ca, pods] = await Promise.all([get('/livez'), get('/version'), get('/cacerts'), get('/api/v1/pods')])

  expect([health.status, version.status, await ca.text()]).toEqual([200, 200, 'the CA'])
  expect([pods.status, await pods.text()]).toEqual([426, expect.stringContaining('https://127.0.0.1:6443/api/v1/pods')])
})

test('/readyz fails with the failing check by name', async () => {
  await using started = await start()
  const { port } = await started.server.listenPlain({ host: '127.0.0.1', port: 0 })

  const response = await fetch(`http://127.0.0.1:${port}/readyz?verbose`)

  expect([response.status, await response.text()]).toEqual([
    500,
    '[+]ping ok\n[+]etcd ok\n[-]store failed: not open yet\nreadyz check failed\n',
  ])
})

test('the unix socket is only for its owner, whom it trusts', async () => {
  await using started = await start()
  const directory = await mkdtemp(join(tmpdir(), 'skiff-listeners-'))
  const socketPath = join(directory, 'api.sock')
  await started.server.listenUnix(socketPath)

  const status = await new Promise((resolve, reject) => {
    request({ socketPath, path: '/version' }, (response) => resolve(response.resume().statusCode))
      .on('error', reject)
      .end()
  })

  expect([status, (await stat(socketPath)).mode & 0o777, started.seen[0]?.trustedPeer]).toEqual([200, 0o600, true])
  await rm(directory, { recursive: true })
})

test('HTTPS asks for a client certificate and serves without one', async () => {
  await using started = await start()
  const { ca, cert, key, clientCert, clientKey } = await newTestCertificates()
  const { port } = await started.server.listenTls({ host: '127.0.0.1', port: 0, cert, key, clientCa: ca })
  const get = (options: object) =>
    new Promise((resolve, reject) => {
      const target = { host: '127.0.0.1', port, path: '/version', ca, servername: 'localhost', agent: false }
      tlsRequest({ ...target, ...options }, (response) => resolve(response.resume().statusCode))
        .on('error', reject)
        .end()
    })

  const statuses = [await get({}), await get({ cert: clientCert, key: clientKey })]

  expect(statuses).toEqual([200, 200])
  expect(started.seen.map(({ peerCertificate, trustedPeer }) => [peerCertificate !== undefined, trustedPeer])).toEqual([
    [false, false],
    [true, false],
  ])
})

test('a renewed certificate is shown to new connections, and open ones go on', async () => {
  await using started = await start()
  const [first, second] = [await newTestCertificates(), await newTestCertificates()]
  const { port } = await started.server.listenTls({ host: '127.0.0.1', port: 0, ...first, clientCa: first.ca })
  const connect = async (ca: string) => {
    const socket = tlsConnect({ host: '127.0.0.1', port, ca, servername: 'localhost' })
    await once(socket, 'secureConnect')
    return socket
  }
  const open = await connect(first.ca)

  started.server.renewTls({ ...second, clientCa: second.ca })

  const renewed = await connect(second.ca)
  await expect(connect(first.ca)).rejects.toThrow()
  open.write('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n')
  const [answer] = (await once(open, 'data')) as [Buffer]
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 200/)
  open.destroy()
  renewed.destroy()
})

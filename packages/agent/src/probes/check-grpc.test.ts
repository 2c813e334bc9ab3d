import http from 'node:http'
import http2 from 'node:http2'
import net, { type AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { FakeRuntime } from '../runtime/fake/fake-runtime.ts'
import { Semaphore } from '../semaphore.ts'
import { check } from './check.ts'

const cleanups: (() => void)[] = []
afterEach(() => {
  for (const cleanUp of cleanups.splice(0)) cleanUp()
})

interface Asked {
  readonly headers: http2.IncomingHttpHeaders
  readonly body: Buffer
}

test('a service that says SERVING is well, and is asked as gRPC wants it', async () => {
  const server = await healthServer(() => ({ status: 1 }))

  expect(await probe(server.port, { service: 'shop.Orders' })).toEqual({ ok: true, output: 'service healthy' })

  expect(server.asked[0]?.headers).toMatchObject({
    ':method': 'POST',
    ':path': '/grpc.health.v1.Health/Check',
    'content-type': 'application/grpc',
    te: 'trailers',
    'user-agent': 'kube-probe/1.36',
    'grpc-timeout': '60000m',
  })
  expect(server.asked[0]?.body).toEqual(Buffer.from('\x00\x00\x00\x00\x0d\x0a\x0bshop.Orders', 'latin1'))
})

test('without a service the server as a whole is asked; a long name fits too', async () => {
  const server = await healthServer(() => ({ status: 1 }))
  await probe(server.port, {})
  await probe(server.port, { service: 'x'.repeat(300) })
  expect(server.asked[0]?.body).toEqual(Buffer.alloc(5))
  expect(server.asked[1]?.body.subarray(0, 8)).toEqual(Buffer.from([0, 0, 0, 1, 47, 0x0a, 0xac, 0x02]))
})

test.for([
  [0, 'UNKNOWN'],
  [2, 'NOT_SERVING'],
  [3, 'SERVICE_UNKNOWN'],
  [9, '9'],
] as const)('the status %i is not well', async ([status, name]) => {
  const server = await healthServer(() => ({ status }))
  expect(await probe(server.port)).toEqual({ ok: false, output: `service unhealthy (responded with "${name}")` })
})

test('an empty message is the status UNKNOWN, and fields of later versions are passed over', async () => {
  const empty = await healthServer(() => ({ message: [] }))
  expect((await probe(empty.port))?.output).toBe('service unhealthy (responded with "UNKNOWN")')
  const later = await healthServer(() => ({ message: [0x12, 2, 0x61, 0x62, 0x08, 1, 0x1d, 0, 0, 0, 0] }))
  expect((await probe(later.port))?.ok).toBe(true)
})

test.for([
  [
    { 'grpc-status': '12', 'grpc-message': 'unknown service grpc.health.v1.Health' },
    'error: this server does not implement the grpc health protocol (grpc.health.v1.Health): unknown service grpc.health.v1.Health',
  ],
  [
    { 'grpc-status': '5', 'grpc-message': 'unknown%20service%3A 100%' },
    'error: health rpc probe failed: rpc error: code = NotFound desc = unknown%20service%3A 100%',
  ],
  [
    { 'grpc-status': '7', 'grpc-message': 'caf%C3%A9' },
    'error: health rpc probe failed: rpc error: code = PermissionDenied desc = café',
  ],
  [{ 'grpc-status': '4' }, 'timeout: health rpc did not complete within 1m0s'],
  [
    { ':status': 404 },
    'error: this server does not implement the grpc health protocol (grpc.health.v1.Health): unexpected HTTP status code received from server: 404',
  ],
  [
    { ':status': 503 },
    'error: health rpc probe failed: rpc error: code = Unavailable desc = unexpected HTTP status code received from server: 503',
  ],
  [{}, 'error: health rpc probe failed: rpc error: code = Internal desc = server closed the stream without sending trailers'],
] as const)('an answer of %j is told in the kubelet’s words', async ([headers, output]) => {
  const server = await healthServer(() => ({ headersOnly: headers }))
  expect(await probe(server.port)).toEqual({ ok: false, output })
})

test('a service that doesn’t answer in time, and one that isn’t even there in time, are told apart', async () => {
  const server = await healthServer(() => undefined)
  expect(await probe(server.port, {}, 1)).toEqual({ ok: false, output: 'timeout: health rpc did not complete within 1s' })
  await expect.poll(() => server.ended).toEqual(['without an error'])

  const silent = net.createServer(() => undefined)
  const port = await listen(silent)
  expect(await probe(port, {}, 0.1)).toEqual({
    ok: false,
    output: `timeout: failed to connect service "127.0.0.1:${port}" within 100ms: context deadline exceeded`,
  })
})

test('a refused connection, and a server that speaks HTTP/1 only, fail at once', async () => {
  const gone = net.createServer()
  const port = await listen(gone)
  await new Promise((resolve) => gone.close(resolve))
  expect(await probe(port)).toEqual({
    ok: false,
    output: `error: failed to connect service at "127.0.0.1:${port}": dial tcp 127.0.0.1:${port}: connect: connection refused`,
  })
  const old = http.createServer((_, response) => response.end())
  const result = await probe(await listen(old), {}, 60)
  expect(result?.ok).toBe(false)
  expect(result?.output).toContain('error: failed to connect service at')
})

/** Long enough for what is answered, however busy this machine is. */
function probe(port: number, { service }: { service?: string } = {}, timeoutSeconds = 60) {
  const grpc = { port, ...(service === undefined ? {} : { service }) }
  const context = {
    runtime: new FakeRuntime(),
    execSlots: new Semaphore(1),
    container: { name: 'c' },
    podUid: 'u-1',
    containerId: 'c0',
    podIp: '127.0.0.1',
  }
  return check({ grpc, timeoutSeconds }, context)
}

type Answer = { status: number } | { message: readonly number[] } | { headersOnly: http2.OutgoingHttpHeaders } | undefined

async function healthServer(answerTo: () => Answer) {
  const asked: Asked[] = []
  const ended: string[] = []
  const server = http2.createServer()
  server.on('sessionError', () => undefined)
  server.on('stream', (stream, headers) => {
    const chunks: Buffer[] = []
    let how = 'without an error'
    stream.on('error', ({ message }) => {
      how = message
    })
    stream.on('close', () => ended.push(how))
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('end', () => {
      asked.push({ headers, body: Buffer.concat(chunks) })
      reply(stream, answerTo())
    })
  })
  return { port: await listen(server), asked, ended }
}

function reply(stream: http2.ServerHttp2Stream, answer: Answer): void {
  if (answer === undefined) return
  if ('headersOnly' in answer) {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...answer.headersOnly }, { endStream: true })
    return
  }
  const message = 'message' in answer ? answer.message : [0x08, answer.status]
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
  stream.end(Buffer.from([0, 0, 0, 0, message.length, ...message]))
}

async function listen(server: net.Server | http2.Http2Server): Promise<number> {
  const sockets = new Set<net.Socket>()
  server.on('connection', (socket: net.Socket) => sockets.add(socket))
  cleanups.push(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  return (server.address() as AddressInfo).port
}

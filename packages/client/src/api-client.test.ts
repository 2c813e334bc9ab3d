import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import http, { type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { ApiError, CONFIG_MAPS, type ConfigMap, DEPLOYMENTS, isExpired, NODES, notFound, PODS } from '@skiff/api'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { WebSocketServer } from 'ws'
import { ApiClient, type ApiClientOptions } from './api-client.ts'
import { CA_CERT, CLIENT_CERT, CLIENT_KEY, SERVER_CERT, SERVER_KEY } from './testing/certificates.fixture.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup()
})

async function serve(
  listener: RequestListener,
  server: Server = http.createServer(listener),
  at: object = { port: 0, host: '127.0.0.1' },
) {
  server.listen(at)
  await once(server, 'listening')
  cleanups.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return server
}

async function clientOf(listener: RequestListener, options: Partial<ApiClientOptions> = {}): Promise<ApiClient> {
  const server = await serve(listener)
  return connect({ server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, ...options })
}

function connect(options: Partial<ApiClientOptions> & { server: string }): ApiClient {
  const client = new ApiClient({ userAgent: 'skiff-test', ...options })
  cleanups.push(() => client.close())
  return client
}

describe('an answer that is lost with its connection', () => {
  /** Answers the first request, and closes the kept-alive connection on the next one, which it has read. */
  async function losingServer(): Promise<{ client: ApiClient; asked: string[] }> {
    const asked: string[] = []
    const client = await clientOf((request, response) => {
      asked.push(request.method ?? '')
      if (asked.length === 2) request.socket.destroy()
      else response.end('{"metadata":{}}')
    })
    await client.get(CONFIG_MAPS, { namespace: 'default', name: 'first' })
    return { client, asked }
  }

  it('of a read is asked for again', async () => {
    const { client, asked } = await losingServer()
    await client.get(CONFIG_MAPS, { namespace: 'default', name: 'second' })
    expect(asked).toEqual(['GET', 'GET', 'GET'])
  })

  it('of a write is told: it may have been done, and is not blindly done twice', async () => {
    const { client, asked } = await losingServer()
    const create = client.create(CONFIG_MAPS, { metadata: { namespace: 'default', generateName: 'x-' } } as object)
    await expect(create).rejects.toMatchObject({ reason: 'ServiceUnavailable' })
    expect(asked).toEqual(['GET', 'POST'])
  })
})

interface Seen {
  readonly line: string
  readonly headers: http.IncomingHttpHeaders
  readonly body: unknown
}

/** Answers everything with the same object and keeps what was asked. */
function recorder(answer: unknown = {}): { readonly listener: RequestListener; readonly seen: Seen[] } {
  const seen: Seen[] = []
  const listener = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const text = Buffer.concat(chunks).toString()
    seen.push({
      line: `${request.method} ${request.url}`,
      headers: request.headers,
      body: text === '' ? undefined : JSON.parse(text),
    })
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(answer))
  }
  return { listener, seen }
}

describe('api client', () => {
  it('sends each verb to its path, with query and body', async () => {
    const { listener, seen } = recorder({ metadata: { resourceVersion: '5' }, items: null })
    const client = await clientOf(listener)
    await client.get(PODS, { name: 'web', namespace: 'shop' })
    await client.list(DEPLOYMENTS, { namespace: 'shop', labelSelector: 'app in (a,b)', limit: 10 })
    await client.create(CONFIG_MAPS, { metadata: { namespace: 'shop', name: 'c' } }, { dryRun: true, fieldManager: 'me' })
    await client.create(PODS, { metadata: { name: 'web' } }, { namespace: 'shop', name: 'web', subresource: 'binding' })
    await client.update(NODES, { metadata: { name: 'n1' } }, { subresource: 'status' })
    await client.patch(
      PODS,
      { name: 'web', namespace: 'shop' },
      { type: 'apply', body: { a: 1 }, fieldManager: 'me', force: true },
    )
    await client.delete(PODS, { name: 'web', namespace: 'shop' }, { gracePeriodSeconds: 0, uid: 'u1' })

    expect(seen.map(({ line }) => line)).toEqual([
      'GET /api/v1/namespaces/shop/pods/web',
      'GET /apis/apps/v1/namespaces/shop/deployments?labelSelector=app+in+%28a%2Cb%29&limit=10',
      'POST /api/v1/namespaces/shop/configmaps?fieldManager=me&dryRun=All',
      'POST /api/v1/namespaces/shop/pods/web/binding',
      'PUT /api/v1/nodes/n1/status',
      'PATCH /api/v1/namespaces/shop/pods/web?fieldManager=me&force=true',
      'DELETE /api/v1/namespaces/shop/pods/web',
    ])
    expect(seen[2]?.body).toEqual({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'shop', name: 'c' } })
    expect(seen[3]?.body).toEqual({ metadata: { name: 'web' } })
    expect(seen[4]?.body).toEqual({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' } })
    expect(seen[5]?.headers['content-type']).toBe('application/apply-patch+yaml')
    expect(seen[6]?.body).toEqual({ gracePeriodSeconds: 0, preconditions: { uid: 'u1' } })
    expect(seen[0]?.headers).toMatchObject({ 'user-agent': 'skiff-test', accept: 'application/json' })
  })

  it('lists with the kind in each item and tells where the next page begins', async () => {
    const items = [{ metadata: { name: 'a' } }]
    const client = await clientOf(recorder({ metadata: { resourceVersion: '7', continue: 'next' }, items }).listener)
    const page = await client.list<ConfigMap>(CONFIG_MAPS)
    expect(page).toEqual({
      items: [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } }],
      resourceVersion: '7',
      continue: 'next',
    })
  })

  it('throws what a Status body says', async () => {
    const client = await clientOf((_, response) => {
      response.statusCode = 404
      response.end(JSON.stringify(notFound('deployments.apps', 'web').toStatus()))
    })
    const error = await client.get(DEPLOYMENTS, { name: 'web', namespace: 'shop' }).catch((reason) => reason)
    expect(error).toBeInstanceOf(ApiError)
    expect(error).toMatchObject({
      reason: 'NotFound',
      code: 404,
      message: 'deployments.apps "web" not found',
      details: { name: 'web', group: 'apps', kind: 'deployments' },
    })
  })

  it.each([
    [500, 'oops', 'InternalError'],
    [502, '<html>bad gateway</html>', 'ServiceUnavailable'],
    [418, '', 'BadRequest'],
    [429, '{"kind":"Other"}', 'TooManyRequests'],
  ])('understands an answer %i without a Status', async (status, body, reason) => {
    const client = await clientOf((_, response) => {
      response.statusCode = status
      response.end(body)
    })
    await expect(client.request('GET', '/x')).rejects.toMatchObject({ reason, code: status })
  })

  it('says ServiceUnavailable and where, when nobody is there', async () => {
    const server = await serve(() => undefined)
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    await new Promise((resolve) => server.close(resolve))
    const error = await connect({ server: url })
      .request('GET', '/x')
      .catch((reason) => reason)
    expect(error).toMatchObject({ reason: 'ServiceUnavailable', code: 503 })
    expect(error.message).toContain(`cannot reach the API server at ${url}: `)
  })

  it('says what to do when a master that was killed has left its socket', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'socket-'))
    const path = join(directory, 'api.sock')
    const script = 'net.createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))'
    spawnSync(process.execPath, ['-e', script, path])
    expect(existsSync(path)).toBe(true)
    const request = connect({ server: `unix:${path}` }).request('GET', '/x')
    await expect(request).rejects.toThrow(/^cannot reach the API server at unix:.*ECONNREFUSED.*: start it with "skiff up"/)
    rmSync(directory, { recursive: true })
  })

  it('stops a request when the signal aborts, with the reason', async () => {
    const client = await clientOf(() => undefined)
    const stop = new AbortController()
    const request = client.request('GET', '/slow', { signal: stop.signal })
    stop.abort(new Error('enough'))
    await expect(request).rejects.toThrow('enough')
  })

  it('keeps a connection for the next request', async () => {
    const ports = new Set<number | undefined>()
    const client = await clientOf((request, response) => {
      ports.add(request.socket.remotePort)
      response.end('{}')
    })
    for (let n = 0; n < 5; n += 1) await client.request('GET', '/x')
    expect(ports.size).toBe(1)
  })

  it('repeats a read, but never a write, when the kept connection was closed under it', async () => {
    let requests = 0
    const client = await clientOf((request, response) => {
      requests += 1
      // Every second request finds its kept connection closed.
      if (requests % 2 === 0) request.socket.destroy()
      else response.end('{}')
    })
    await client.request('GET', '/1')
    await client.request('GET', '/2')
    expect(requests).toBe(3)
    await expect(client.request('POST', '/4')).rejects.toMatchObject({ reason: 'ServiceUnavailable' })
    expect(requests).toBe(4)
  })

  it('speaks through a unix socket', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'skiff-client-'))
    cleanups.push(() => rmSync(directory, { recursive: true }))
    const path = join(directory, 'api.sock')
    const { listener, seen } = recorder({ metadata: { name: 'n1' } })
    await serve(listener, http.createServer(listener), { path })
    await connect({ server: `unix:${path}` }).get(NODES, { name: 'n1' })
    expect(seen[0]?.line).toBe('GET /api/v1/nodes/n1')
  })

  it('shows its certificate and trusts only the given authority', async () => {
    const names: string[] = []
    const listener: RequestListener = (request, response) => {
      names.push(String((request.socket as TLSSocket).getPeerCertificate().subject.CN))
      response.end('{}')
    }
    const options = { key: SERVER_KEY, cert: SERVER_CERT, ca: CA_CERT, requestCert: true, rejectUnauthorized: true }
    const server = await serve(listener, https.createServer(options, listener))
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`

    await connect({ server: url, ca: CA_CERT, cert: CLIENT_CERT, key: CLIENT_KEY }).request('GET', '/')
    expect(names).toEqual(['client'])
    await expect(connect({ server: url, cert: CLIENT_CERT, key: CLIENT_KEY }).request('GET', '/')).rejects.toThrow(/certificate/)
    await expect(connect({ server: url, ca: CA_CERT }).request('GET', '/')).rejects.toMatchObject({
      reason: 'ServiceUnavailable',
    })
  })

  it('asks for a token that is renewed, every time', async () => {
    const { listener, seen } = recorder()
    let generation = 0
    const client = await clientOf(listener, { token: () => `t${generation++}` })
    await client.request('GET', '/')
    await client.request('GET', '/')
    expect(seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer t0', 'Bearer t1'])
  })

  it('opens a WebSocket with protocol and credentials', async () => {
    const server = await serve(() => undefined)
    const sockets = new WebSocketServer({ server })
    cleanups.push(() => sockets.close())
    const connected = once(sockets, 'connection')
    const client = connect({ server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: 'secret' })
    const socket = client.webSocket('/skiff/v1/nodes/n1/stream', ['v5.channel.k8s.io'])
    await once(socket, 'open')
    const [, request] = (await connected) as [unknown, IncomingMessage]
    expect(request.url).toBe('/skiff/v1/nodes/n1/stream')
    expect(request.headers.authorization).toBe('Bearer secret')
    expect(socket.protocol).toBe('v5.channel.k8s.io')
    socket.terminate()
  })
})

describe('watch', () => {
  const signal = () => new AbortController().signal
  const added = (name: string) => ({ type: 'ADDED', object: { metadata: { name, resourceVersion: '5' } } })

  async function collect(client: ApiClient): Promise<string[]> {
    const names: string[] = []
    for await (const event of client.watch<ConfigMap>(CONFIG_MAPS, { signal: signal() })) names.push(event.object.metadata.name)
    return names
  }

  it.each([1, 2, 3, 7, 64, 100_000])('puts events together that arrive in pieces of %i bytes', async (size) => {
    const names = ['a', 'ключ', '🛶'.repeat(50), 'd']
    const bytes = Buffer.from(names.map((name) => `${JSON.stringify(added(name))}\n`).join(''))
    const client = await clientOf(async (_, response) => {
      for (let start = 0; start < bytes.length; start += size) {
        response.write(bytes.subarray(start, start + size))
        await new Promise(setImmediate)
      }
      response.end()
    })
    expect(await collect(client)).toEqual(names)
  })

  it('throws what an ERROR event says', async () => {
    const status = { kind: 'Status', status: 'Failure', message: 'too old resource version: 1 (9)', reason: 'Expired', code: 410 }
    const client = await clientOf((_, response) => response.end(`${JSON.stringify({ type: 'ERROR', object: status })}\n`))
    const error = await collect(client).catch((reason) => reason)
    expect(isExpired(error)).toBe(true)
    expect(error.message).toBe('too old resource version: 1 (9)')
  })

  it('throws when the connection breaks, and ends quietly when the server is done', async () => {
    const broken = await clientOf((request, response) => {
      response.write(`${JSON.stringify(added('a'))}\n{"type":`)
      response.once('drain', () => undefined)
      setImmediate(() => request.socket.destroy())
    })
    await expect(collect(broken)).rejects.toMatchObject({ reason: 'ServiceUnavailable' })
    const done = await clientOf((_, response) => response.end(`${JSON.stringify(added('a'))}\n`))
    expect(await collect(done)).toEqual(['a'])
  })

  it('ends quietly and closes its connection when aborted or left', async () => {
    let open = 0
    const client = await clientOf((_, response) => {
      open += 1
      response.on('close', () => (open -= 1))
      response.write(`${JSON.stringify(added('a'))}\n`)
    })
    const stop = new AbortController()
    for await (const _ of client.watch(CONFIG_MAPS, { signal: stop.signal })) stop.abort()
    for await (const _ of client.watch(CONFIG_MAPS, { signal: signal() })) break
    await vi.waitFor(() => expect(open).toBe(0), { interval: 2, timeout: 30_000 })
  })

  it('lets a slow reader slow the server down', async () => {
    const line = `${JSON.stringify(added('x'.repeat(10_000)))}\n`
    let accepted = 0
    const blocked = Promise.withResolvers<void>()
    const client = await clientOf((_, response) => {
      const fill = () => {
        while (response.write(line)) accepted += 1
        // Nobody reads: what the sockets' buffers hold is all that ever leaves.
        if (response.writableLength > 4 * 2 ** 20) blocked.resolve()
        else setImmediate(fill)
      }
      fill()
    })
    const events = client.watch<ConfigMap>(CONFIG_MAPS, { signal: signal() })
    expect((await events.next()).value).toMatchObject({ type: 'ADDED' })
    await blocked.promise
    expect(accepted * line.length).toBeLessThan(64 * 2 ** 20)
    await events.return()
  })
})

import { once } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readAll, TestCluster, TestGateway } from './gateway.fixture.ts'

const POSTS = 'posts.default.localhost'
const says = (text: string) => (_: IncomingMessage, response: ServerResponse) => response.end(text)

let stack: AsyncDisposableStack
let cluster: TestCluster
let gateway: TestGateway

beforeEach(async () => {
  stack = new AsyncDisposableStack()
  cluster = stack.use(new TestCluster())
  gateway = stack.use(await TestGateway.start(cluster))
})
afterEach(() => stack.disposeAsync())

describe('the gateway', () => {
  it('sends requests to the ready pods of the named Service in turn', async () => {
    cluster.setService('posts', [await cluster.startPod(says('a')), await cluster.startPod(says('b'))])
    const bodies: string[] = []
    for (let i = 0; i < 6; i++) bodies.push((await gateway.get(POSTS)).body)
    expect(bodies.join('')).toMatch(/^(ab){3}$|^(ba){3}$/)
  })

  it('begins with the first pod of a Service that was made anew', async () => {
    const ips = [await cluster.startPod(says('a')), await cluster.startPod(says('b'))]
    cluster.setService('posts', ips)
    expect((await gateway.get(POSTS)).body).toBe('a')
    cluster.setService('posts', ips)
    expect((await gateway.get(POSTS)).body).toBe('a')
  })

  it('knows a Service by each of its names', async () => {
    cluster.setService('posts', [await cluster.startPod(says('posts'))])
    for (const host of ['posts.default.localhost:8080', 'POSTS.default.localhost.', 'posts.default.svc.cluster.local']) {
      expect(await gateway.get(host)).toMatchObject({ status: 200, body: 'posts' })
    }
  })

  it('serves headless Services, and of several ports the one that says it speaks HTTP', async () => {
    const ip = await cluster.startPod(says('web'))
    cluster.setService('web', [ip], {
      clusterIP: 'None',
      ports: [
        { name: 'metrics', port: 9090 },
        { name: '', port: 80 },
      ],
    })
    expect((await gateway.get('web.default.localhost')).body).toBe('web')
  })

  it('gives the pod the path, the name and the address that were asked for', async () => {
    const echo = (request: IncomingMessage, response: ServerResponse) =>
      response.end(`${request.url} ${request.headers.host} ${request.headers['x-forwarded-for']}`)
    cluster.setService('posts', [await cluster.startPod(echo)])
    expect((await gateway.get(POSTS, { path: '/a%20b?c={d}' })).body).toBe(`/a%20b?c={d} ${POSTS} 127.0.0.1`)
    expect((await gateway.get('elsewhere', { path: `http://${POSTS}/x` })).body).toMatch(`/x ${POSTS}`)
  })

  it('answers in one line when there is no such Service, no ready pod, or no pod that answers', async () => {
    const pod = await cluster.startPod(says('unused'))
    cluster.setService('empty', [])
    cluster.setService('broken', [pod.replace(/\d+$/, '200')])
    expect(await gateway.get('nothing.default.localhost')).toMatchObject({
      status: 404,
      body: 'There is no Service nothing in namespace default.\n',
    })
    const empty = await gateway.get('empty.default.localhost')
    expect(empty).toMatchObject({ status: 503, body: expect.stringMatching(/^Service default\/empty has no ready pod.*\n$/) })
    const broken = await gateway.get('broken.default.localhost', { method: 'POST' }, 'x')
    expect(broken).toMatchObject({
      status: 502,
      body: expect.stringMatching(/^No pod of Service default\/broken answered: connect ECONNREFUSED.*\n$/),
    })
  })

  it('lists the Services, with their names escaped, to who names none', async () => {
    cluster.setService('posts', [])
    cluster.setService('<script>', [])
    cluster.setService('kubernetes', [], { ports: [{ name: 'https', port: 443 }] })
    const page = await gateway.get('localhost')
    expect(page.headers['content-type']).toMatch('text/html')
    expect(page.body).toContain('<a href="http://posts.default.localhost:8080/">posts</a>')
    expect(page.body).not.toContain('<script>')
    expect(page.body).not.toContain('kubernetes')
    expect((await gateway.get('example.com', { path: '/x' })).status).toBe(404)
  })

  it('keeps its connections to pods, also for clients that close theirs', async () => {
    let connections = 0
    cluster.setService('posts', [await cluster.startPod(says('ok'), (server) => server.on('connection', () => connections++))])
    for (let i = 0; i < 10; i++) await gateway.get(POSTS, { agent: false })
    expect(connections).toBe(1)
    const socket = await gateway.connect('GET / HTTP/1.1', `Host: ${POSTS}`, 'Connection: close')
    expect(await readAll(socket)).toMatch(/connection: close/i)
  })

  it('asks the next pod for what may be repeated when one has died', async () => {
    cluster.setService('posts', [await cluster.startPod(says('alive')), '127.0.0.200'])
    for (let i = 0; i < 4; i++) expect(await gateway.get(POSTS)).toMatchObject({ status: 200, body: 'alive' })
  })

  it('finishes what is under way on a pod that leaves, and sends nothing new there', async () => {
    const arrived = Promise.withResolvers<ServerResponse>()
    const leaving = await cluster.startPod((_, response) => arrived.resolve(response))
    const staying = await cluster.startPod(says('stays'))
    cluster.setService('posts', [leaving])
    const underWay = gateway.get(POSTS)
    const response = await arrived.promise
    cluster.setService('posts', [staying])
    expect((await gateway.get(POSTS)).body).toBe('stays')
    response.end('finished')
    expect((await underWay).body).toBe('finished')
  })

  it('breaks the answer off when the pod dies in the middle of it', async () => {
    cluster.setService('posts', [
      await cluster.startPod((_, response) => {
        response.writeHead(200, { 'content-length': '100' })
        response.write('half', () => response.destroy())
      }),
    ])
    await expect(gateway.get(POSTS)).rejects.toThrow('aborted')
  })

  it('answers a client that waits before it sends its body', async () => {
    cluster.setService('posts', [await cluster.startPod((request, response) => void request.pipe(response))])
    const socket = await gateway.connect(
      'POST / HTTP/1.1',
      `Host: ${POSTS}`,
      'Content-Length: 4',
      'Expect: 100-continue',
      'Connection: close',
    )
    const [first] = await once(socket, 'data')
    expect(String(first)).toMatch(/^HTTP\/1.1 100/)
    socket.write('body')
    expect(await readAll(socket)).toMatch(/^HTTP\/1.1 200 OK[\s\S]*body/)
  })

  it('answers in HTTP/1.1 who offers to go on in HTTP/2', async () => {
    cluster.setService('posts', [await cluster.startPod(says('plain'))])
    const socket = await gateway.connect(
      'GET / HTTP/1.1',
      `Host: ${POSTS}`,
      'Connection: Upgrade, HTTP2-Settings, close',
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABkAAQAAP__',
    )
    const [first] = await once(socket, 'data')
    expect(String(first)).toMatch(/^HTTP\/1.1 200 OK/)
    socket.destroy()
  })
})

describe('the defects of http-proxy', () => {
  it('#1586: ends the request to the pod when the client leaves', async () => {
    for (const head of [['GET / HTTP/1.1'], ['POST / HTTP/1.1', 'Content-Length: 0', 'Expect: 100-continue']]) {
      const arrived = Promise.withResolvers<IncomingMessage>()
      cluster.setService('posts', [await cluster.startPod((request) => arrived.resolve(request))])
      const socket = await gateway.connect(...head, `Host: ${POSTS}`)
      const request = await arrived.promise
      socket.destroy()
      await once(request.socket, 'close')
    }
  })

  it('#1647: survives a Trailer header of the pod and of the client', async () => {
    const body = 'GET with trailer'
    const raw = `HTTP/1.1 200 OK\r\nTrailer: x-checksum\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    cluster.setService('posts', [await cluster.startPod((request) => request.socket.write(raw))])
    const socket = await gateway.connect('GET / HTTP/1.1', `Host: ${POSTS}`, 'Trailer: x-checksum', 'Connection: close')
    expect(await readAll(socket)).toMatch(/^HTTP\/1.1 200 OK[\s\S]*GET with trailer$/)
  })

  it('answers 502 to a status that can not be passed on', async () => {
    cluster.setService('posts', [
      await cluster.startPod((request) => request.socket.end('HTTP/1.1 042 Odd\r\nContent-Length: 0\r\n\r\n')),
    ])
    expect((await gateway.get(POSTS)).status).toBe(502)
  })

  it('CVE-2026-29057: takes the chunked body of a DELETE for a body, not for another request', async () => {
    const seen: string[] = []
    const pod = await cluster.startPod(async (request, response) => {
      let body = ''
      for await (const chunk of request) body += chunk
      seen.push(`${request.method} ${request.url} ${body}`)
      response.end('ok')
    })
    cluster.setService('posts', [pod])
    for (const method of ['DELETE', 'OPTIONS']) {
      const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n'
      const chunk = `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0`
      const socket = await gateway.connect(
        `${method} /one HTTP/1.1`,
        `Host: ${POSTS}`,
        'Transfer-Encoding: chunked',
        'Connection: close',
        '',
        chunk,
      )
      expect(await readAll(socket)).toMatch(/^HTTP\/1.1 200/)
    }
    expect(seen.map((line) => line.split(' HTTP')[0])).toEqual(['DELETE /one GET /smuggled', 'OPTIONS /one GET /smuggled'])
  })
})

describe('WebSockets through the gateway', () => {
  const HANDSHAKE = [
    'GET /chat HTTP/1.1',
    `Host: ${POSTS}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Key: x',
    'Sec-WebSocket-Version: 13',
  ]
  const switchesProtocols = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'

  /** A pod that gives back what it gets once it has agreed. */
  async function startEcho(): Promise<Promise<Socket>> {
    const accepted = Promise.withResolvers<Socket>()
    const pod = await cluster.startPod(says('no upgrade'), (server) =>
      server.on('upgrade', (_, socket) => {
        socket.on('error', () => undefined)
        socket.write(switchesProtocols)
        socket.on('data', (chunk) => socket.write(chunk))
        accepted.resolve(socket as Socket)
      }),
    )
    cluster.setService('posts', [pod])
    return accepted.promise
  }

  async function open(): Promise<Socket> {
    const socket = await gateway.connect(...HANDSHAKE)
    const [head] = await once(socket, 'data')
    expect(String(head)).toMatch(/^HTTP\/1.1 101/)
    return socket
  }

  it('carry bytes both ways', async () => {
    void startEcho()
    await expect.poll(() => cluster.services.get('default/posts')).toBeDefined()
    const socket = await open()
    socket.write('hello')
    const [echo] = await once(socket, 'data')
    expect(String(echo)).toBe('hello')
    socket.destroy()
  })

  it('#1468: end on both sides, and nothing else does, when one side is reset', async () => {
    for (const reset of ['client', 'pod']) {
      const accepted = startEcho()
      await expect.poll(() => cluster.services.get('default/posts')).toBeDefined()
      const client = await open()
      const pod = await accepted
      const [resetting, other] = reset === 'client' ? [client, pod] : [pod, client]
      const ended = once(other.resume(), 'end')
      resetting.resetAndDestroy()
      await ended
      cluster.setService('posts', [])
    }
    expect((await gateway.get(POSTS)).status).toBe(503)
  })

  it('#1468: end when the client is reset before the pod has agreed', async () => {
    const asked = Promise.withResolvers<Socket>()
    const pod = await cluster.startPod(says(''), (server) => server.on('upgrade', (_, socket) => asked.resolve(socket as Socket)))
    cluster.setService('posts', [pod])
    const client = await gateway.connect(...HANDSHAKE)
    const waiting = (await asked.promise).resume().on('error', () => undefined)
    client.resetAndDestroy()
    await once(waiting, 'end')
    expect((await gateway.get('nothing.default.localhost')).status).toBe(404)
  })

  it('pass a refusal on as it is', async () => {
    const refuse = (server: Server) =>
      server.on('upgrade', (_, socket) =>
        socket.end('HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nnope\r\n0\r\n\r\n'),
      )
    cluster.setService('posts', [await cluster.startPod(says(''), refuse)])
    const text = await readAll(await gateway.connect(...HANDSHAKE))
    expect(text).toMatch(/^HTTP\/1.1 403 Forbidden\r\n[\s\S]*\r\n\r\nnope$/)
    expect(text).not.toMatch(/transfer-encoding/i)
  })

  it('are answered 404, 503 and 502 as requests are', async () => {
    expect(await readAll(await gateway.connect(...HANDSHAKE))).toMatch(/^HTTP\/1.1 404/)
    cluster.setService('posts', [])
    expect(await readAll(await gateway.connect(...HANDSHAKE))).toMatch(/^HTTP\/1.1 503/)
    await cluster.startPod(says('unused'))
    cluster.setService('posts', ['127.0.0.200'])
    expect(await readAll(await gateway.connect(...HANDSHAKE))).toMatch(
      /^HTTP\/1.1 502[\s\S]*No pod of Service default\/posts answered/,
    )
  })
})

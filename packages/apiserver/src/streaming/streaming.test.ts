import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { startStreamingCluster } from './testing/streaming-cluster.ts'

const POD = '/api/v1/namespaces/default/pods/web'

describe('logs', () => {
  test('are the agent’s, asked with the client’s options', async () => {
    await using cluster = await startStreamingCluster({ onRequest: (_request, response) => response.end('line 1\nline 2\n') })

    const { body, headers } = await cluster.client.request('GET', `${POD}/log?tailLines=2&timestamps=true&pretty=true`)

    expect(body.toString()).toBe('line 1\nline 2\n')
    expect(headers['content-type']).toBe('text/plain')
    expect(cluster.agent.asked).toEqual(['/containerLogs/default/web/c?timestamps=true&tailLines=2'])
  })

  test('are followed as they come, until the client leaves', async () => {
    const left = Promise.withResolvers<void>()
    await using cluster = await startStreamingCluster({
      onRequest: (_request, response) => {
        response.write('first\n')
        response.once('close', () => left.resolve())
      },
    })

    const stream = await cluster.client.stream('GET', `${POD}/log?follow=true`)
    const [chunk] = await once(stream, 'data')
    expect(String(chunk)).toBe('first\n')
    stream.destroy()

    await left.promise
  })

  test('begin for a follower before there is a line', async () => {
    await using cluster = await startStreamingCluster({ onRequest: (_request, response) => response.flushHeaders() })

    const stream = await cluster.client.stream('GET', `${POD}/log?follow=true`)

    expect(stream.statusCode).toBe(200)
    stream.destroy()
  })

  test.each([
    ['binary.k8s.io', 'line 1\nline 2\n'],
    ['base64.binary.k8s.io', Buffer.from('line 1\nline 2\n').toString('base64')],
    [undefined, 'line 1\nline 2\n'],
  ])('come by WebSocket, too (%s), which closes behind them', async (protocol, text) => {
    await using cluster = await startStreamingCluster({ onRequest: (_request, response) => response.end('line 1\nline 2\n') })
    const socket = new WebSocket(`ws://127.0.0.1:${cluster.port}${POD}/log?container=c`, protocol)
    const messages: string[] = []
    socket.on('message', (message: Buffer) => messages.push(message.toString()))

    const [code] = await once(socket, 'close')

    expect([messages.join(''), socket.protocol, code]).toEqual([text, protocol ?? '', 1000])
  })

  test('that the agent refuses are refused with its words', async () => {
    const words = 'container "c" in pod "web" is waiting to start: ContainerCreating'
    await using cluster = await startStreamingCluster({ onRequest: (_request, response) => response.writeHead(400).end(words) })

    await expect(cluster.client.request('GET', `${POD}/log`)).rejects.toMatchObject({
      code: 400,
      reason: 'BadRequest',
      message: words,
    })
  })

  test('with impossible options are refused, every problem at once', async () => {
    await using cluster = await startStreamingCluster()
    const asked = cluster.client.request(
      'GET',
      `${POD}/log?tailLines=-1&sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z&stream=Stderr`,
    )

    await expect(asked).rejects.toMatchObject({
      code: 422,
      message: expect.stringMatching(/tailLines.*sinceSeconds.*stream: Forbidden: may not be specified/),
    })
  })
})

describe('the proxy', () => {
  const podServes = (answer: string | Buffer) => ({
    onWebSocket: () => (socket: WebSocket) => {
      socket.once('message', (head: Buffer) => {
        seen.push(head.toString())
        socket.send(Buffer.from(answer))
      })
    },
  })
  const seen: string[] = []

  test('asks the pod through its agent, without the client’s credentials', async () => {
    await using cluster = await startStreamingCluster(podServes('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Pod: yes\r\n\r\nhi'))

    const { body, headers } = await cluster.client.request('GET', `${POD}:8080/proxy/a%2Fb?c=d`, {
      headers: { authorization: 'Bearer secret', 'x-kept': '1' },
    })

    expect(body.toString()).toBe('hi')
    expect(headers['x-pod']).toBe('yes')
    expect(cluster.agent.asked).toEqual(['/portForward/default/web?port=8080'])
    const sent = seen.at(-1) ?? ''
    expect(sent).toMatch(/^GET \/a%2Fb\?c=d HTTP\/1\.1\r\n/)
    expect(sent).toContain('x-kept: 1')
    expect(sent.toLowerCase()).not.toContain('authorization')
  })

  test('follows no redirect, and keeps one of the pod’s own below itself', async () => {
    await using cluster = await startStreamingCluster(
      podServes('HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n'),
    )

    const { status, location } = await rawGet(cluster.port, `${POD}/proxy/`)

    expect(status).toBe(302)
    expect(location).toBe(`${POD}/proxy/login`)
    expect(cluster.agent.asked).toHaveLength(1)
  })

  test('sends who asks for the root to where its relative links lead', async () => {
    await using cluster = await startStreamingCluster(podServes('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi'))

    expect(await rawGet(cluster.port, `${POD}/proxy?method=GET`)).toEqual({ status: 301, location: `${POD}/proxy/?method=GET` })
    const { body } = await cluster.client.request('POST', `${POD}/proxy?method=POST`)
    expect(body.toString()).toBe('hi')
    expect(seen.at(-1)).toMatch(/^POST \/\?method=POST HTTP/)
  })

  test.each([
    ['plain', (page: string) => Buffer.from(page), ''],
    ['gzipped', (page: string) => gzipSync(page), 'Content-Encoding: gzip\r\n'],
  ])('leads links of a page through itself: %s', async (_name, encode, header) => {
    const page = encode(
      `<p>/no</p><a class="x>" href="/there">t</a><IMG src='/i.png'><a href="rel"><a href="//else/x"><a href=${POD}/proxy/in>`,
    )
    const head = `HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n${header}Access-Control-Allow-Origin: *\r\nContent-Length: ${page.length}\r\n\r\n`
    await using cluster = await startStreamingCluster(podServes(Buffer.concat([Buffer.from(head), page])))

    const { body, headers } = await cluster.client.request('GET', `${POD}/proxy/page`)

    expect(body.toString()).toBe(
      `<p>/no</p><a class="x>" href="${POD}/proxy/there">t</a><IMG src='${POD}/proxy/i.png'><a href="rel"><a href="//else/x"><a href=${POD}/proxy/in>`,
    )
    expect(headers['access-control-allow-origin']).toBeUndefined()
    expect(seen.at(-1)).toContain(`x-forwarded-uri: ${POD}/proxy/page`)
  })

  test('joins an upgraded connection only after the pod’s 101', async () => {
    await using cluster = await startStreamingCluster(podServes('HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nnope'))

    const answer = await rawUpgrade(cluster.port, `${POD}/proxy/ws`)

    expect(answer).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/)
    expect(answer).toMatch(/nope$/)
  })

  test('of a Service without endpoints says so', async () => {
    await using cluster = await startStreamingCluster()
    await cluster.client.request('POST', '/api/v1/namespaces/default/services', {
      body: { metadata: { name: 's' }, spec: { ports: [{ port: 80 }] } },
    })

    const asked = cluster.client.request('GET', '/api/v1/namespaces/default/services/s/proxy/')

    await expect(asked).rejects.toMatchObject({ code: 503, message: 'no endpoints available for service "s"' })
  })

  test('of a node reaches its agent and nothing else', async () => {
    await using cluster = await startStreamingCluster({ onRequest: (_request, response) => response.end('{}') })

    await cluster.client.request('GET', '/api/v1/nodes/n1:22/proxy/stats/summary?x=1')

    expect(cluster.agent.asked).toEqual(['/stats/summary?x=1'])
  })
})

describe('a node’s heartbeats', () => {
  const node = (name: string) => ({ name: `system:node:${name}`, groups: ['system:nodes'] })

  test('are kept while its stream is open', async () => {
    await using cluster = await startStreamingCluster({ user: node('n1') })
    const socket = new WebSocket(`ws://127.0.0.1:${cluster.port}/skiff/v1/nodes/n1/stream`)
    await once(socket, 'open')
    const beats = nextChange(cluster.liveness)

    socket.send('{"type":"heartbeat","endpointsRevision":7}')
    await beats

    expect(cluster.liveness.get('n1')).toMatchObject({ connected: true, endpointsRevision: 7 })
    const disconnects = nextChange(cluster.liveness)
    socket.terminate()
    await disconnects
    expect(cluster.liveness.get('n1')).toMatchObject({ connected: false })
  })

  test('are not taken from another node', async () => {
    await using cluster = await startStreamingCluster({ user: node('n2') })
    const socket = new WebSocket(`ws://127.0.0.1:${cluster.port}/skiff/v1/nodes/n1/stream`)
    socket.on('error', () => undefined)

    const [, response] = await once(socket, 'unexpected-response')

    expect(response.statusCode).toBe(403)
    response.destroy()
  })
})

function nextChange(liveness: { onChange(listener: () => void): () => void }): Promise<void> {
  return new Promise((resolve) => {
    const stop = liveness.onChange(() => {
      stop()
      resolve()
    })
  })
}

function rawGet(port: number, path: string): Promise<{ status: number | undefined; location: string | undefined }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ port, host: '127.0.0.1', path }, (response) => {
      response.resume()
      resolve({ status: response.statusCode, location: response.headers.location })
    })
    request.once('error', reject)
    request.end()
  })
}

async function rawUpgrade(port: number, path: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eA==\r\n\r\n`,
  )
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

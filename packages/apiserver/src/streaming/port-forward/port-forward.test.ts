import { once } from 'node:events'
import type { AddressInfo, Server } from 'node:net'
import { connect, createServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { SpdyTestClient } from '../testing/spdy-client.ts'
import { startStreamingCluster } from '../testing/streaming-cluster.ts'

const FORWARD = '/api/v1/namespaces/default/pods/web/portforward'

describe('port-forward by SPDY', () => {
  test('carries several connections at once', async () => {
    await using pod = await startEchoServer()
    await using cluster = await startStreamingCluster({ onWebSocket: dialPod })
    const client = await SpdyTestClient.connect(cluster.port, FORWARD, 'portforward.k8s.io')
    const forwards = await Promise.all(['0', '1', '2'].map((id) => openForward(client, id, pod.port)))

    for (const [index, { data }] of forwards.entries()) client.send(data, `request ${index};`)
    for (const [index, { data }] of forwards.entries()) await client.readUntil(data, `request ${index};`)
    for (const { data } of forwards) client.send(data, 'bye')

    for (const [index, { data, error }] of forwards.entries()) {
      expect(await client.read(data)).toBe(`request ${index};bye`)
      expect(await client.read(error)).toBe('')
    }
    client.close()
  })

  test('says on the error stream why a connection failed', async () => {
    await using cluster = await startStreamingCluster({
      onWebSocket: () => (socket) => {
        socket.send('connection refused')
        socket.close(1011)
      },
    })
    const client = await SpdyTestClient.connect(cluster.port, FORWARD, 'portforward.k8s.io')
    const { error } = await openForward(client, '0', 81)

    expect(await client.read(error)).toBe('an error occurred forwarding port 81 of pod default/web: connection refused')
    client.close()
  })

  test('refuses a pod that does not run', async () => {
    await using cluster = await startStreamingCluster({ phase: 'Pending' })

    await expect(SpdyTestClient.connect(cluster.port, FORWARD, 'portforward.k8s.io')).rejects.toThrow('Current status=Pending')
  })
})

describe('port-forward by channels of a WebSocket', () => {
  test('begins each channel with its port and carries bytes', async () => {
    await using pod = await startEchoServer()
    await using cluster = await startStreamingCluster({ onWebSocket: dialPod })
    const socket = new WebSocket(`ws://127.0.0.1:${cluster.port}${FORWARD}?ports=${pod.port}`, [
      'v5.channel.k8s.io',
      'v4.channel.k8s.io',
    ])
    const received: Buffer[] = []
    socket.on('message', (message: Buffer) => received.push(message))
    await once(socket, 'open')
    expect(socket.protocol).toBe('v4.channel.k8s.io')

    socket.send(Buffer.concat([Buffer.of(0), Buffer.from('hello bye')]))
    await once(socket, 'close')

    const port = Buffer.alloc(2)
    port.writeUInt16LE(pod.port)
    expect(received[0]).toEqual(Buffer.concat([Buffer.of(0), port]))
    expect(received[1]).toEqual(Buffer.concat([Buffer.of(1), port]))
    expect(Buffer.concat(received.slice(2).map((message) => message.subarray(1))).toString()).toBe('hello bye')
  })
})

async function openForward(client: SpdyTestClient, requestid: string, port: number): Promise<{ error: number; data: number }> {
  const error = await client.open({ streamtype: 'error', port: String(port), requestid })
  client.send(error, '', true)
  const data = await client.open({ streamtype: 'data', port: String(port), requestid })
  return { error, data }
}

/** What an agent does: a TCP connection to the pod for each WebSocket. */
function dialPod(url: URL) {
  return (socket: WebSocket) => {
    const connection = connect(Number(url.searchParams.get('port')), '127.0.0.1')
    connection.on('data', (data) => socket.send(data))
    connection.on('close', () => socket.close(1000))
    connection.on('error', () => socket.close(1011))
    socket.on('message', (data: Buffer) => connection.write(data))
    socket.on('close', () => connection.destroy())
  }
}

/** Gives everything back, and hangs up after `bye`. */
async function startEchoServer(): Promise<AsyncDisposable & { port: number }> {
  const server: Server = createServer((connection) => {
    connection.on('error', () => undefined)
    connection.on('data', (data) => (data.includes('bye') ? connection.end(data) : connection.write(data)))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

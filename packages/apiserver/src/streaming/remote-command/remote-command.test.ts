import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { SpdyTestClient } from '../testing/spdy-client.ts'
import { startStreamingCluster } from '../testing/streaming-cluster.ts'
import { echoCommand } from '../testing/test-agent.ts'

const EXEC = '/api/v1/namespaces/default/pods/web/exec?command=cat&stdin=true&stdout=true&stderr=true'
const echoing = { onWebSocket: () => echoCommand }

describe('exec by WebSocket', () => {
  test('carries stdin, output and the exit status both ways', async () => {
    await using cluster = await startStreamingCluster(echoing)
    const socket = connectWebSocket(cluster.port, EXEC, ['v5.channel.k8s.io'])
    const ended = collect(socket)
    await once(socket, 'open')

    socket.send(Buffer.from('\x00hello '))
    socket.send(Buffer.from('\x00world'))
    socket.send(Buffer.of(255, 0))

    const { channels, code } = await ended
    expect(channels[1]).toBe('hello world')
    expect(JSON.parse(channels[3] ?? '')).toEqual({ metadata: {}, status: 'Success' })
    expect(code).toBe(1000)
    expect(cluster.agent.asked).toEqual(['/exec/default/web/c?command=cat&stdin=true&stdout=true&stderr=true'])
  })

  test('tells an exit code', async () => {
    await using cluster = await startStreamingCluster(echoing)
    const socket = connectWebSocket(cluster.port, EXEC, ['v5.channel.k8s.io', 'v4.channel.k8s.io'])
    const ended = collect(socket)
    await once(socket, 'open')
    expect(socket.protocol).toBe('v5.channel.k8s.io')

    socket.send(Buffer.from('\x00exit 3'))

    const { channels } = await ended
    expect(JSON.parse(channels[3] ?? '')).toMatchObject({
      reason: 'NonZeroExitCode',
      details: { causes: [{ reason: 'ExitCode', message: '3' }] },
    })
  })

  test('speaks base64 to browsers', async () => {
    await using cluster = await startStreamingCluster(echoing)
    const socket = connectWebSocket(cluster.port, EXEC, ['v4.base64.channel.k8s.io'])
    const answer = once(socket, 'message')
    await once(socket, 'open')

    socket.send(`0${Buffer.from('hi').toString('base64')}`)

    const [message, isBinary] = await answer
    expect(String(message)).toBe(`1${Buffer.from('hi').toString('base64')}`)
    expect(isBinary).toBe(false)
    socket.terminate()
  })

  test.each([[['channel.k8s.io']], [[]]])(
    'tells the oldest clients (%o) a failure in words, and of success nothing',
    async (protocols) => {
      await using cluster = await startStreamingCluster(echoing)
      const outcome = async (said: string) => {
        const socket = connectWebSocket(cluster.port, EXEC, protocols)
        const ended = collect(socket)
        await once(socket, 'open')
        socket.send(Buffer.from(`\x00${said}`))
        if (said === 'hello') socket.send(Buffer.of(255, 0))
        return (await ended).channels
      }

      expect(await outcome('hello')).toEqual([undefined, 'hello'])
      expect((await outcome('exit 3'))[3]).toBe('command terminated with exit code 3')
    },
  )

  test('ends the command when the client leaves', async () => {
    const left = Promise.withResolvers<void>()
    const onWebSocket = () => (socket: WebSocket) => void socket.on('close', () => left.resolve())
    await using cluster = await startStreamingCluster({ onWebSocket })
    const socket = connectWebSocket(cluster.port, EXEC, ['v5.channel.k8s.io'])
    await once(socket, 'open')

    socket.terminate()

    await left.promise
  })

  test('tells the client when the agent is lost in the middle', async () => {
    await using cluster = await startStreamingCluster({ onWebSocket: () => (socket) => socket.terminate() })
    const socket = connectWebSocket(cluster.port, EXEC, ['v5.channel.k8s.io'])

    const { channels } = await collect(socket)

    expect(JSON.parse(channels[3] ?? '')).toMatchObject({ status: 'Failure', reason: 'InternalError' })
  })

  test('answers a Status instead of 101 when the agent refuses', async () => {
    await using cluster = await startStreamingCluster({ onWebSocket: () => undefined })

    const answer = await refusal(cluster.port, EXEC)

    expect(answer).toMatchObject({ status: 404, body: { reason: 'NotFound', message: 'container not found ("c")' } })
  })

  test('does not talk to an agent that shows another node’s certificate', async () => {
    await using cluster = await startStreamingCluster({ ...echoing, agentNode: 'n2' })

    const { status, body } = await refusal(cluster.port, EXEC)

    expect(status).toBe(503)
    expect(body.message).toContain('not of node n1')
  })

  test.each([
    ['/api/v1/namespaces/default/pods/nope/exec?command=x', 404, 'pods "nope" not found'],
    ['/api/v1/namespaces/default/pods/web/exec?command=x&container=zz', 400, 'container zz is not valid for pod web'],
    [
      '/api/v1/namespaces/default/pods/web/exec?command=x',
      400,
      'a container name must be specified for pod web, choose one of: [a b]',
    ],
  ])('refuses %s in upstream’s words, by WebSocket and by SPDY', async (path, status, message) => {
    await using cluster = await startStreamingCluster({ ...echoing, containers: ['a', 'b'] })

    expect(await refusal(cluster.port, path)).toMatchObject({ status, body: { message } })
    await expect(SpdyTestClient.connect(cluster.port, path, 'v4.channel.k8s.io')).rejects.toThrow(
      JSON.stringify(message).slice(1, -1),
    )
    expect(cluster.agent.asked).toEqual([])
  })

  test('refuses a pod that has ended', async () => {
    await using cluster = await startStreamingCluster({ ...echoing, phase: 'Succeeded' })

    const { status, body } = await refusal(cluster.port, EXEC)

    expect(status).toBe(400)
    expect(body.message).toContain('completed pod; current phase is Succeeded')
  })

  test('asks for an upgrade when there is none', async () => {
    await using cluster = await startStreamingCluster(echoing)

    await expect(cluster.client.request('POST', EXEC)).rejects.toMatchObject({ code: 400, message: 'Upgrade request required' })
  })
})

describe('exec by SPDY', () => {
  test('carries stdin, output and the status of an older kubectl', async () => {
    await using cluster = await startStreamingCluster(echoing)
    const client = await SpdyTestClient.connect(cluster.port, EXEC, 'v5.channel.k8s.io, v4.channel.k8s.io')
    const [error, stdin, stdout] = await openAll(client, ['error', 'stdin', 'stdout', 'stderr'])

    client.send(stdin ?? 0, 'x'.repeat(200_000))
    client.send(stdin ?? 0, 'end', true)

    expect(await client.read(stdout ?? 0)).toBe(`${'x'.repeat(200_000)}end`)
    expect(JSON.parse(await client.read(error ?? 0))).toEqual({ metadata: {}, status: 'Success' })
    client.close()
  })

  test('passes changes of the terminal’s size', async () => {
    await using cluster = await startStreamingCluster({
      onWebSocket: () => (socket) => {
        socket.on(
          'message',
          (message: Buffer) => message[0] === 4 && socket.send(Buffer.concat([Buffer.of(1), message.subarray(1)])),
        )
      },
    })
    const client = await SpdyTestClient.connect(cluster.port, `${EXEC.replace('&stderr=true', '')}&tty=true`, 'v4.channel.k8s.io')
    const [, , stdout, resize] = await openAll(client, ['error', 'stdin', 'stdout', 'resize'])

    client.send(resize ?? 0, '{"Width":101,"Height":33}\n')

    await client.readUntil(stdout ?? 0, '{"Width":101,"Height":33}')
    client.close()
  })

  test('hangs up on bytes that are not SPDY', async () => {
    await using cluster = await startStreamingCluster(echoing)
    const client = await SpdyTestClient.connect(cluster.port, EXEC, 'v4.channel.k8s.io')

    client.write(Buffer.from('GET / HTTP/1.1\r\n\r\n padding padding'))

    await client.closed()
  })

  test('refuses protocols before v4', async () => {
    await using cluster = await startStreamingCluster(echoing)

    await expect(SpdyTestClient.connect(cluster.port, EXEC, 'v2.channel.k8s.io')).rejects.toThrow('unable to negotiate protocol')
  })
})

async function openAll(client: SpdyTestClient, types: readonly string[]): Promise<number[]> {
  const ids: number[] = []
  for (const streamtype of types) ids.push(await client.open({ streamtype }))
  return ids
}

function connectWebSocket(port: number, path: string, protocols: string[]): WebSocket {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols)
  socket.on('error', () => undefined)
  return socket
}

/** What came on each channel until the connection closed. */
function collect(socket: WebSocket): Promise<{ channels: string[]; code: number }> {
  const channels: string[] = []
  socket.on('message', (message: Buffer) => {
    const channel = message[0] ?? 0
    channels[channel] = (channels[channel] ?? '') + message.subarray(1).toString()
  })
  return new Promise((resolve) => socket.once('close', (code) => resolve({ channels, code })))
}

function refusal(port: number, path: string): Promise<{ status: number; body: { reason?: string; message?: string } }> {
  const socket = connectWebSocket(port, path, ['v5.channel.k8s.io'])
  return new Promise((resolve, reject) => {
    socket.once('open', () => reject(new Error('was accepted')))
    socket.once('unexpected-response', async (_request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of response) chunks.push(chunk as Buffer)
      resolve({ status: response.statusCode ?? 0, body: JSON.parse(Buffer.concat(chunks).toString()) })
    })
  })
}

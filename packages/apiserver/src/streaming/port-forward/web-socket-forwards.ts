import { Duplex } from 'node:stream'
import type { Pod } from '@skiff/api'
import type { WebSocket } from 'ws'
import type { Agents } from '../agent/agents.ts'
import type { ChannelPeer } from '../remote-command/channels.ts'
import { channelMessage } from '../remote-command/channels.ts'
import { BASE64_CHANNELS, BINARY_CHANNELS, webSocketPeer } from '../remote-command/web-socket-peer.ts'
import { openPort, relayPort } from './agent-port.ts'

interface Forwards {
  readonly socket: WebSocket
  readonly protocol: string
  readonly ports: readonly number[]
  readonly pod: Pod
  readonly agents: Agents
}

/** The older form: port i has channel 2i for data and 2i+1 for errors, and each begins with the port as uint16 (little endian). */
export async function serveWebSocketForwards({ socket, protocol, ports, pod, agents }: Forwards): Promise<void> {
  const client = webSocketPeer(socket, protocol.includes('base64') ? BASE64_CHANNELS : BINARY_CHANNELS)
  const streams = ports.map((_, index) => new ChannelStream(client, 2 * index))
  for (const [index, port] of ports.entries()) {
    await client.send(channelMessage(2 * index, portBytes(port)))
    await client.send(channelMessage(2 * index + 1, portBytes(port)))
  }
  const forwards = Promise.all(
    ports.map(async (port, index) => {
      const stream = streams[index]
      const problem = stream && (await forward(stream, port, pod, agents))
      if (problem !== undefined) await client.send(channelMessage(2 * index + 1, Buffer.from(problem)))
    }),
  ).then(() => client.close())
  for await (const message of client.messages()) {
    await streams[(message[0] ?? 0) / 2]?.receive(message.subarray(1))
  }
  for (const stream of streams) stream.destroy()
  await forwards
}

async function forward(stream: Duplex, port: number, pod: Pod, agents: Agents): Promise<string | undefined> {
  try {
    return await relayPort(stream, await openPort(agents, pod, port))
  } catch (failure) {
    return failure instanceof Error ? failure.message : String(failure)
  }
}

/** One channel of the WebSocket as a stream. */
class ChannelStream extends Duplex {
  readonly #client: ChannelPeer
  readonly #channel: number
  #wantsMore: (() => void) | undefined

  constructor(client: ChannelPeer, channel: number) {
    super()
    this.#client = client
    this.#channel = channel
    this.on('error', () => undefined)
  }

  receive(data: Buffer): Promise<void> | undefined {
    if (this.destroyed || this.push(data)) return undefined
    return new Promise((resolve) => {
      this.#wantsMore = resolve
    })
  }

  override _read(): void {
    this.#release()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    void this.#client.send(channelMessage(this.#channel, chunk)).then(done)
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#release()
    done(error)
  }

  #release(): void {
    this.#wantsMore?.()
    this.#wantsMore = undefined
  }
}

function portBytes(port: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16LE(port)
  return bytes
}

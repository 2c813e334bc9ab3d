import { type Duplex, PassThrough } from 'node:stream'
import { finished } from 'node:stream/promises'
import { SpdyConnection } from '../spdy/spdy-connection.ts'
import type { SpdyStream } from '../spdy/spdy-stream.ts'
import { writeTo } from '../write-to.ts'
import { CHANNEL, type ChannelPeer, channelMessage, closeMessage } from './channels.ts'

/** The client opens its streams right after the upgrade. */
const STREAMS_TIMEOUT_MS = 30_000
/** A client that got everything hangs up by itself. */
const HANG_UP_TIMEOUT_MS = 10_000

const OUTPUTS = new Map([
  [CHANNEL.stdout, 'stdout'],
  [CHANNEL.stderr, 'stderr'],
  [CHANNEL.status, 'error'],
] as [number, string][])

/** A SPDY client, once it has opened all the streams that its query announced; undefined when it left before that. */
export async function spdyPeer(transport: Duplex, expected: readonly string[]): Promise<ChannelPeer | undefined> {
  const streams = new Map<string, SpdyStream>()
  const allOpen = Promise.withResolvers<boolean>()
  const connection = new SpdyConnection(transport, (stream) => {
    streams.set(stream.headers.streamtype ?? '', stream)
    if (expected.every((type) => streams.has(type))) allOpen.resolve(true)
  })
  const ended = connection.run().then(() => allOpen.resolve(false))
  const timer = setTimeout(() => connection.destroy(), STREAMS_TIMEOUT_MS)
  const isOpen = await allOpen.promise
  clearTimeout(timer)
  return isOpen ? peerOf(connection, streams, ended) : undefined
}

function peerOf(connection: SpdyConnection, streams: ReadonlyMap<string, SpdyStream>, ended: Promise<void>): ChannelPeer {
  const input = new PassThrough({ objectMode: true })
  const stdin = streams.get('stdin')
  const resize = streams.get('resize')
  if (stdin !== undefined)
    void pump(stdin, CHANNEL.stdin, input).then(() => input.writable && input.write(closeMessage(CHANNEL.stdin)))
  if (resize !== undefined) void pump(resize, CHANNEL.resize, input)
  void ended.then(() => input.end())
  return {
    messages: () => input,
    async send(message) {
      const stream = streams.get(OUTPUTS.get(message[0] ?? 0) ?? '')
      if (stream !== undefined) await writeTo(stream, message.subarray(1))
    },
    close() {
      const outputs = [...OUTPUTS.values()].flatMap((type) => streams.get(type) ?? [])
      for (const stream of outputs) stream.end()
      const flushed = Promise.allSettled(outputs.map((stream) => finished(stream, { readable: false })))
      void flushed.then(() => connection.close())
      const timer = setTimeout(() => connection.destroy(), HANG_UP_TIMEOUT_MS)
      void ended.then(() => clearTimeout(timer))
    },
  }
}

async function pump(stream: SpdyStream, channel: number, input: PassThrough): Promise<void> {
  try {
    for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      if (!input.writable) return
      await writeTo(input, channelMessage(channel, chunk))
    }
  } catch {
    // Cancelled: no more comes.
  }
}

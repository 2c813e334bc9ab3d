import { createWebSocketStream, type WebSocket } from 'ws'
import type { ChannelPeer } from './channels.ts'

const CLOSE_NORMAL = 1000

export interface ChannelCodec {
  /** Undefined for a message that says nothing. */
  decode(message: Buffer | string): Buffer | undefined
  encode(message: Buffer): Buffer | string
}

export const BINARY_CHANNELS: ChannelCodec = {
  decode: (message) => (typeof message === 'string' || message.length === 0 ? undefined : message),
  encode: (message) => message,
}

/** For browsers (`base64.channel.k8s.io` and its successors): text messages, the channel as a digit. */
export const BASE64_CHANNELS: ChannelCodec = {
  decode: (message) => {
    const text = message.toString()
    const channel = Number(text[0])
    return Number.isInteger(channel) ? Buffer.concat([Buffer.of(channel), Buffer.from(text.slice(1), 'base64')]) : undefined
  },
  encode: (message) => `${message[0] ?? 0}${message.subarray(1).toString('base64')}`,
}

export function webSocketPeer(socket: WebSocket, codec: ChannelCodec): ChannelPeer {
  const stream = createWebSocketStream(socket, { readableObjectMode: true })
  stream.on('error', () => undefined)
  socket.resume()
  return {
    async *messages() {
      try {
        for await (const message of stream as AsyncIterable<Buffer | string>) {
          const decoded = codec.decode(message)
          if (decoded !== undefined) yield decoded
        }
      } catch {
        // It broke off: for the other side that is the same as leaving.
      }
    },
    send(message) {
      return new Promise((resolve) => {
        if (socket.readyState !== socket.OPEN) return resolve()
        socket.send(codec.encode(message), () => resolve())
      })
    },
    close: () => socket.close(CLOSE_NORMAL),
  }
}

/** The messages of v4/v5.channel.k8s.io: a byte that says which channel, then the channel's bytes. */
export const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, status: 3, resize: 4, close: 255 } as const

/** One end of a remote command: a client by WebSocket or SPDY, or the agent. */
export interface ChannelPeer {
  /** What it sends; ends when it has left. */
  messages(): AsyncIterable<Buffer>
  /** Resolves when it can take more. A peer that has left takes everything and forgets it. */
  send(message: Buffer): Promise<void>
  /** Nothing follows. */
  close(): void
}

export function channelMessage(channel: number, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.of(channel), payload])
}

/** As a client half-closes stdin in v5. */
export function closeMessage(channel: number): Buffer {
  return Buffer.of(CHANNEL.close, channel)
}

import { setTimeout as delay } from 'node:timers/promises'
import { type ApiClient, backoff, type Log } from '@skiff/client'
import type { WebSocket } from 'ws'

export interface HeartbeatOptions {
  readonly client: ApiClient
  readonly node: string
  /** The highest EndpointSlice revision that this node's proxy has programmed. */
  readonly endpointsRevision: () => number | null
  /** Told of a listener that is to be called when the revision changes. */
  readonly onRevision: (listener: () => void) => () => void
  readonly random: () => number
  readonly logger: Log
  readonly signal: AbortSignal
}

const HEARTBEAT_MS = 1_000
/** Unsent bytes beyond which the master doesn't take our heartbeats any more: dial again. */
const MAX_BUFFERED_BYTES = 64 * 1024

/** Keeps a stream to the master open until the signal, with a heartbeat each second and at each new revision. */
export async function keepHeartbeats(options: HeartbeatOptions): Promise<void> {
  const { client, node, random, signal, logger } = options
  const retry = backoff({ initialMs: 500, maxMs: 5_000, jitter: 0.5, random })
  while (!signal.aborted) {
    const socket = client.webSocket(`/skiff/v1/nodes/${encodeURIComponent(node)}/stream`)
    const closed = whenClosed(socket, logger)
    socket.once('open', () => retry.reset())
    await beatUntilClosed(socket, closed, options)
    if (!signal.aborted) await delay(retry.nextMs(), undefined, { signal }).catch(() => undefined)
  }
}

async function beatUntilClosed(socket: WebSocket, closed: Promise<void>, options: HeartbeatOptions): Promise<void> {
  const beat = () => {
    if (socket.bufferedAmount > MAX_BUFFERED_BYTES) socket.terminate()
    if (socket.readyState !== socket.OPEN) return
    socket.send(JSON.stringify({ type: 'heartbeat', endpointsRevision: options.endpointsRevision() }))
  }
  const stop = () => socket.terminate()
  options.signal.addEventListener('abort', stop, { once: true })
  const timer = setInterval(beat, HEARTBEAT_MS)
  const forget = options.onRevision(beat)
  socket.once('open', beat)
  try {
    await closed
  } finally {
    clearInterval(timer)
    forget()
    options.signal.removeEventListener('abort', stop)
  }
}

function whenClosed(socket: WebSocket, logger: Log): Promise<void> {
  return new Promise((resolve) => {
    socket.on('error', (error) => logger.debug({ err: error }, 'heartbeat stream failed'))
    socket.once('close', () => resolve())
  })
}

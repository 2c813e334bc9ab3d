import { setTimeout as delay } from 'node:timers/promises'
import { type ApiClient, backoff, type Log } from '@skiff/client'
import type { WebSocket } from 'ws'

export interface HeartbeatOptions {
  readonly client: ApiClient
  readonly node: string
  /** The highest EndpointSlice revision that this node's proxy has programmed. */
  readonly endpointsRevision: () => number | null
  /**
   * The stream is there, for the first time or again: the master may have taken this node for dead meanwhile. After a
   * silence the network was away, and every other connection of that time is as dead as the stream was.
   */
  readonly onConnected: (after: { readonly silence: boolean }) => void
  /** Told of a listener that is to be called when the revision changes. */
  readonly onRevision: (listener: () => void) => () => void
  readonly random: () => number
  readonly logger: Log
  readonly signal: AbortSignal
}

const HEARTBEAT_MS = 1_000
/** Without a sign of life of the master for so long the stream is dead, and a new one is dialled: TCP alone would go on for minutes. */
const SILENCE_MS = 5_000

/** Keeps a stream to the master open until the signal, with a heartbeat each second and at each new revision. */
export async function keepHeartbeats(options: HeartbeatOptions): Promise<void> {
  const { client, node, random, signal, logger } = options
  const retry = backoff({ initialMs: 500, maxMs: 5_000, jitter: 0.5, random })
  let silence = false
  while (!signal.aborted) {
    const socket = client.webSocket(`/skiff/v1/nodes/${encodeURIComponent(node)}/stream`)
    const closed = whenClosed(socket, logger)
    socket.once('open', () => {
      retry.reset()
      options.onConnected({ silence })
      silence = false
    })
    if ((await beatUntilClosed(socket, closed, options)) === 'silent') silence = true
    if (!signal.aborted) await delay(retry.nextMs(), undefined, { signal }).catch(() => undefined)
  }
}

async function beatUntilClosed(
  socket: WebSocket,
  closed: Promise<void>,
  options: HeartbeatOptions,
): Promise<'closed' | 'silent'> {
  let outcome: 'closed' | 'silent' = 'closed'
  let heardAt = performance.now()
  let tickedAt = heardAt
  const heard = () => {
    heardAt = performance.now()
  }
  const beat = () => {
    if (socket.readyState !== socket.OPEN) return
    socket.send(JSON.stringify({ type: 'heartbeat', endpointsRevision: options.endpointsRevision() }))
  }
  const tick = () => {
    const now = performance.now()
    // What was not heard while this process stood still says nothing: it may wait in the socket.
    heardAt += Math.max(0, now - tickedAt - HEARTBEAT_MS)
    tickedAt = now
    if (now - heardAt > SILENCE_MS) {
      outcome = 'silent'
      socket.terminate()
    }
    beat()
    if (socket.readyState === socket.OPEN) socket.ping()
  }
  const stop = () => socket.terminate()
  options.signal.addEventListener('abort', stop, { once: true })
  const timer = setInterval(tick, HEARTBEAT_MS)
  const forget = options.onRevision(beat)
  socket.once('open', () => {
    heard()
    beat()
  })
  socket.on('pong', heard)
  try {
    await closed
    return outcome
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

/** One agent's stream to the master: heartbeats in, nothing out. */

import type { WebSocket } from 'ws'
import type { NodeLiveness } from './node-liveness.ts'

interface NodeStream {
  readonly socket: WebSocket
  readonly node: string
  readonly liveness: NodeLiveness
}

const INVALID_PAYLOAD = 1007

/** Feeds `liveness` from an accepted WebSocket until it closes. A message that is not a heartbeat ends the stream. */
export function serveNodeStream({ socket, node, liveness }: NodeStream): void {
  socket.on('message', (data, isBinary) => {
    const beat = isBinary ? undefined : parseHeartbeat(String(data))
    if (beat === undefined) socket.close(INVALID_PAYLOAD, 'expected a heartbeat')
    else liveness.beat(node, beat.endpointsRevision)
  })
  socket.on('close', () => liveness.disconnected(node))
  socket.on('error', () => socket.terminate())
}

function parseHeartbeat(text: string): { endpointsRevision: number | undefined } | undefined {
  let message: unknown
  try {
    message = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof message !== 'object' || message === null) return undefined
  const { type, endpointsRevision } = message as { type?: unknown; endpointsRevision?: unknown }
  if (type !== 'heartbeat') return undefined
  if (endpointsRevision === null || endpointsRevision === undefined) return { endpointsRevision: undefined }
  return typeof endpointsRevision === 'number' ? { endpointsRevision } : undefined
}

import type { Duplex } from 'node:stream'
import type { Pod } from '@skiff/api'
import { createWebSocketStream, type WebSocket } from 'ws'
import type { Agents } from '../agent/agents.ts'
import { nodeOf } from '../pod-target.ts'
import { writeTo } from '../write-to.ts'

export const PORT_PROTOCOL = 'stream.skiff.dev'
const CLOSE_NORMAL = 1000
/** After the client's last byte the pod may still answer; when it has been silent for so long, both ends are closed. */
const LINGER_MS = 10_000

/** A connection to a port inside the pod's network, made by the agent. */
export function openPort(agents: Agents, pod: Pod, port: number): Promise<WebSocket> {
  const { namespace = '', name } = pod.metadata
  const path = `/portForward/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}?port=${port}`
  return agents.openWebSocket(nodeOf(pod), path, PORT_PROTOCOL)
}

/** Joins a stream of bytes with the agent's WebSocket until either ends. Answers the agent's error text, if it sent one. */
export async function relayPort(stream: Duplex, socket: WebSocket): Promise<string | undefined> {
  const messages = createWebSocketStream(socket, { readableObjectMode: true })
  messages.on('error', () => undefined)
  socket.resume()
  let lastData = performance.now()
  void sendAll(stream, socket).then(() => closeWhenSilent(socket, () => lastData))
  stream.once('close', () => socket.close(CLOSE_NORMAL))
  let problem: string | undefined
  try {
    for await (const message of messages as AsyncIterable<Buffer | string>) {
      lastData = performance.now()
      if (typeof message === 'string') problem = message
      else await writeTo(stream, message)
    }
  } catch {
    problem ??= 'the connection to the agent was lost'
  }
  if (stream.writable) stream.end()
  return problem
}

async function sendAll(stream: Duplex, socket: WebSocket): Promise<void> {
  try {
    for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      if (socket.readyState !== socket.OPEN) return
      await new Promise<void>((resolve) => socket.send(chunk, () => resolve()))
    }
  } catch {
    // The client broke off; its stream's close ends the other side.
  }
}

/** Half-closing doesn't exist on a WebSocket: the end of the client's bytes closes both, but not before the answer is through. */
function closeWhenSilent(socket: WebSocket, lastData: () => number): void {
  const check = (): void => {
    const left = lastData() + LINGER_MS - performance.now()
    if (left <= 0) socket.close(CLOSE_NORMAL)
    else timer = setTimeout(check, left)
  }
  let timer = setTimeout(check, LINGER_MS)
  socket.once('close', () => clearTimeout(timer))
}

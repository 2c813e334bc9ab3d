import type { Duplex } from 'node:stream'
import type { Pod } from '@skiff/api'
import type { Agents } from '../agent/agents.ts'
import { SpdyConnection } from '../spdy/spdy-connection.ts'
import type { SpdyStream } from '../spdy/spdy-stream.ts'
import { openPort, relayPort } from './agent-port.ts'
import { portNumber } from './port-forward.ts'

/** Every forwarded connection is a pair of streams with one requestid: `error`, opened first, and `data`. */
export async function serveSpdyForwards(transport: Duplex, pod: Pod, agents: Agents): Promise<void> {
  const waiting = new Map<string, SpdyStream>()
  const connection = new SpdyConnection(transport, (stream) => {
    const id = stream.headers.requestid ?? ''
    const other = waiting.get(id)
    if (other === undefined) {
      waiting.set(id, stream)
      stream.once('close', () => waiting.get(id) === stream && waiting.delete(id))
      return
    }
    waiting.delete(id)
    const [error, data] = stream.headers.streamtype === 'data' ? [other, stream] : [stream, other]
    void forwardPair(error, data, pod, agents)
  })
  await connection.run()
}

async function forwardPair(error: SpdyStream, data: SpdyStream, pod: Pod, agents: Agents): Promise<void> {
  // The client sends nothing on it but its end.
  error.resume()
  const port = data.headers.port ?? ''
  const problem = await connectAndRelay(data, port, pod, agents)
  if (problem !== undefined && error.writable) {
    error.write(`an error occurred forwarding port ${port} of pod ${pod.metadata.namespace}/${pod.metadata.name}: ${problem}`)
  }
  if (error.writable) error.end()
  if (data.writable) data.end()
}

async function connectAndRelay(data: SpdyStream, port: string, pod: Pod, agents: Agents): Promise<string | undefined> {
  try {
    const socket = await openPort(agents, pod, portNumber(port))
    return await relayPort(data, socket)
  } catch (failure) {
    return failure instanceof Error ? failure.message : String(failure)
  }
}

import net from 'node:net'
import { badRequest } from '@skiff/api'
import type { WebSocket } from 'ws'
import { BackPressure } from './back-pressure.ts'

const CONNECT_TIMEOUT_MS = 10_000

/**
 * One forwarded connection: raw bytes in binary messages, a text message for an error. Close 1000 when the pod has sent
 * its last byte: many wait for the client's end then, which WebSockets can't tell them.
 */
export async function servePortForward(podIp: string, query: URLSearchParams): Promise<(socket: WebSocket) => void> {
  const port = Number(query.get('port'))
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw badRequest(`port ${JSON.stringify(query.get('port'))} is not a port number`)
  return (socket) => forward(socket, podIp, port)
}

function forward(socket: WebSocket, host: string, port: number): void {
  const connection = net.connect({ host, port })
  const timer = setTimeout(() => connection.destroy(new Error('no answer')), CONNECT_TIMEOUT_MS)
  connection.once('connect', () => clearTimeout(timer))
  const out = new BackPressure(socket, connection)
  connection.on('data', (chunk) => out.send(chunk))
  connection.once('error', (error) => {
    clearTimeout(timer)
    if (socket.readyState === socket.OPEN) socket.send(`error forwarding port ${port}: ${error.message}`)
    socket.close(1011)
  })
  connection.once('close', () => socket.close(1000))
  socket.on('message', (data: Buffer, isBinary) => {
    if (!isBinary || connection.writableEnded) return
    if (!connection.write(data)) {
      socket.pause()
      connection.once('drain', () => socket.resume())
    }
  })
  socket.once('close', () => connection.destroy())
  socket.on('error', () => connection.destroy())
}

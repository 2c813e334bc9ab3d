import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { badRequest, forbidden } from '@skiff/api'
import { type WebSocket, WebSocketServer } from 'ws'

const MAX_MESSAGE_BYTES = 4 * 1024 * 1024

export interface Upgrade {
  readonly request: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
}

export type UpgradeKind = 'websocket' | 'spdy'

/** Throws BadRequest for anything that Kubernetes clients don't ask for. */
export function upgradeKind(request: IncomingMessage): UpgradeKind {
  const wanted = (request.headers.upgrade ?? '').toLowerCase()
  if (wanted === 'websocket') return 'websocket'
  if (wanted === 'spdy/3.1') return 'spdy'
  throw badRequest('Upgrade request required')
}

/** The first of `supported` that the client offers. Throws BadRequest before anything is written. */
export function chooseWebSocketProtocol<T extends string>(request: IncomingMessage, supported: readonly T[]): T {
  const offered = listOf(request.headers['sec-websocket-protocol'])
  const chosen = supported.find((protocol) => offered.includes(protocol))
  if (chosen !== undefined) return chosen
  throw badRequest(`unable to upgrade: the client offers [${offered.join(' ')}], supported are [${supported.join(' ')}]`)
}

/** As a client written before there was a second one. */
export function offersNoProtocol(request: IncomingMessage): boolean {
  return listOf(request.headers['sec-websocket-protocol']).length === 0
}

export function offersWebSocketProtocol(request: IncomingMessage, protocol: string): boolean {
  return listOf(request.headers['sec-websocket-protocol']).includes(protocol)
}

/** As upstream, an unknown protocol is Forbidden here. */
export function chooseSpdyProtocol<T extends string>(request: IncomingMessage, supported: readonly T[]): T {
  const offered = listOf(request.headers['x-stream-protocol-version'])
  const chosen = supported.find((protocol) => offered.includes(protocol))
  if (chosen !== undefined) return chosen
  const why = `unable to negotiate protocol: client supports [${offered.join(' ')}], server accepts [${supported.join(' ')}]`
  throw forbidden('upgrade', '', why)
}

function listOf(header: string | string[] | undefined): string[] {
  return [header ?? []]
    .flat()
    .flatMap((value) => value.split(','))
    .map((value) => value.trim())
    .filter((value) => value !== '')
}

/** Answers 101; a handshake that is no proper one is answered 400 by ws itself, and nothing comes back. */
export function acceptWebSocket({ request, socket, head }: Upgrade, protocol?: string): Promise<WebSocket> {
  const server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
    handleProtocols: () => protocol ?? false,
  })
  prepare(socket)
  return new Promise((resolve) => {
    server.handleUpgrade(request, socket, head, (webSocket) => {
      // A connection that breaks is noticed by its close; without a listener the error would end the process.
      webSocket.on('error', () => undefined)
      resolve(webSocket)
    })
  })
}

/** Answers 101 and gives the bytes that follow. */
export function acceptSpdy({ socket, head }: Upgrade, protocol: string): Duplex {
  prepare(socket)
  socket.on('error', () => undefined)
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: SPDY/3.1\r\nConnection: Upgrade\r\nX-Stream-Protocol-Version: ${protocol}\r\n\r\n`,
  )
  if (head.length > 0) socket.unshift(head)
  return socket
}

/** The time limits of HTTP requests end where a stream begins. */
function prepare(socket: Duplex): void {
  const { setTimeout, setNoDelay } = socket as Partial<Socket>
  setTimeout?.call(socket, 0)
  setNoDelay?.call(socket, true)
}

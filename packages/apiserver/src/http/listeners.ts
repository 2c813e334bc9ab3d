/** Opens the app to the world: HTTPS, the root-only unix socket, and a plain port that only answers health checks. */

import { chmod, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerOptions } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Connections, ListenerKind } from './connections.ts'

export interface TlsIdentity {
  readonly cert: string
  readonly key: string
  /** PEM of the CA whose client certificates are asked for; they are checked by the authenticator. */
  readonly clientCa: string
}

export interface TlsOptions extends TlsIdentity {
  readonly host: string
  readonly port: number
}

const HEADER_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 60_000
const TIMEOUT_CHECK_INTERVAL_MS = 2_000
const KEEP_ALIVE_MS = 90_000
const HEADERS_LIMIT_BYTES = 64 * 1024
/**
 * Connections that wait for a process that has much to do: those of all hosts come at once after a restart, and one too many is
 * refused on the unix socket, or comes a second later over TCP. The kernel has a limit of its own, `net.core.somaxconn`.
 */
const BACKLOG = 4_096

const LIMITS: ServerOptions = {
  headersTimeout: HEADER_TIMEOUT_MS,
  requestTimeout: REQUEST_TIMEOUT_MS,
  connectionsCheckingInterval: TIMEOUT_CHECK_INTERVAL_MS,
  keepAliveTimeout: KEEP_ALIVE_MS,
  maxHeaderSize: HEADERS_LIMIT_BYTES,
  noDelay: true,
  // An offer of h2c (curl --http2) is answered as if it had not been made.
  shouldUpgradeCallback: ({ headers }) => /^(websocket|spdy\/3\.1)$/i.test(headers.upgrade ?? ''),
}

export type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

export interface Handlers {
  readonly request: RequestListener
  readonly upgrade: UpgradeListener
  readonly connections: Connections
}

export async function listenTls(options: TlsOptions, handlers: Handlers): Promise<TlsServer> {
  const asking = { requestCert: true, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] }
  const server = createTlsServer({ ...LIMITS, ...asking, ...secureContext(options) })
  attach(server, 'tls', handlers)
  server.on('tlsClientError', (_error, socket) => socket.destroy())
  await opened(server, (done) => server.listen({ host: options.host, port: options.port, backlog: BACKLOG }, done))
  return server
}

/** New connections are shown the new certificate; those that are open go on. */
export function renewIdentity(server: TlsServer, identity: TlsIdentity): void {
  server.setSecureContext(secureContext(identity))
}

function secureContext({ cert, key, clientCa }: TlsIdentity) {
  return { cert, key, ca: clientCa, minVersion: 'TLSv1.2' as const }
}

/** The socket is only its owner's: connecting to it is the credential. */
export async function listenUnix(path: string, handlers: Handlers): Promise<Server> {
  const server = createServer(LIMITS)
  attach(server, 'unix', handlers)
  await rm(path, { force: true })
  await opened(server, (done) => {
    // Nobody may connect between bind and chmod.
    const before = process.umask(0o177)
    try {
      server.listen({ path, backlog: BACKLOG }, done)
    } finally {
      process.umask(before)
    }
  })
  await chmod(path, 0o600)
  return server
}

export interface PlainAddress {
  readonly host: string
  readonly port: number
  /** How long a request may take to arrive; default 60 s. */
  readonly requestTimeoutMs?: number
}

export async function listenPlain(address: PlainAddress, handlers: Handlers, kind: ListenerKind): Promise<Server> {
  const { host, port, requestTimeoutMs = REQUEST_TIMEOUT_MS } = address
  const headersTimeout = Math.min(HEADER_TIMEOUT_MS, requestTimeoutMs)
  const server = createServer({ ...LIMITS, requestTimeout: requestTimeoutMs, headersTimeout })
  attach(server, kind, handlers)
  await opened(server, (done) => server.listen({ host, port, backlog: BACKLOG }, done))
  return server
}

function attach(server: Server, kind: ListenerKind, { request, upgrade, connections }: Handlers): void {
  server.on(kind === 'tls' ? 'secureConnection' : 'connection', (socket: Socket) => connections.accepted(socket, kind))
  server.on('request', request)
  server.on('upgrade', upgrade)
  server.on('clientError', refuseMalformed)
}

/** Content-Length with Transfer-Encoding, broken headers, time-outs: the parser's own refusals. */
function refuseMalformed(error: Error & { code?: string }, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const status =
    error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? '408 Request Timeout'
      : error.code === 'HPE_HEADER_OVERFLOW'
        ? '431 Request Header Fields Too Large'
        : '400 Bad Request'
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${status}`)
}

function opened(server: Server, listen: (done: () => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    listen(() => {
      server.off('error', reject)
      resolve()
    })
  })
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}

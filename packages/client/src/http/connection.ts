import http, { type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, type RequestOptions } from 'node:http'
import https from 'node:https'
import { createRequire } from 'node:module'
import { createSecureContext, type SecureContext } from 'node:tls'
import { ApiError } from '@skiff/api'
import type { WebSocket } from 'ws'

export interface ConnectionOptions {
  /** `https://host:port`, `http://host:port` or `unix:/path/api.sock`. */
  readonly server: string
  /** PEM. Only this authority is trusted; absent: the system's. */
  readonly ca?: string
  /** PEM client certificate and key, for mTLS. */
  readonly cert?: string
  readonly key?: string
  /** Bearer token; a function is asked for every request, for tokens that are renewed. */
  readonly token?: string | (() => string)
  readonly userAgent: string
  /** Plain requests at once; more wait. Each takes a connection, and a new one costs both ends some milliseconds. */
  readonly maxRequests?: number
}

export interface SendOptions {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  readonly signal?: AbortSignal
}

export interface FullResponse {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** Connections for plain requests; streams (watches, logs) have their own, so that they never starve these. */
const MAX_REQUESTS = 64
/** A burst's connections are let go after it: each holds memory at both ends. */
const IDLE_CONNECTION_MS = 15_000
/** A plain request whose answer hasn't come by then has failed. The server itself gives up after 60 s. */
const REQUEST_TIMEOUT_MS = 65_000
/** After so much silence the kernel probes the peer every second and gives up after ten: a cut watch is noticed in 25 s. */
const KEEP_ALIVE_PROBE_MS = 15_000

/** HTTP to one server: plain requests with kept-alive connections, streams, and WebSockets. Knows no kinds. */
export class Connection {
  readonly #options: ConnectionOptions
  readonly #target: RequestOptions
  readonly #send: typeof http.request
  /** Made once: reading certificates and a key is a good part of what a new connection costs. */
  readonly #tls: { readonly secureContext?: SecureContext }
  readonly #requests: http.Agent
  readonly #streams: http.Agent

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.#target = targetOf(options.server)
    const secure = this.#target.protocol === 'https:'
    const { ca, cert, key } = options
    this.#tls = secure ? { secureContext: createSecureContext({ ca, cert, key }) } : {}
    const AgentClass = secure ? https.Agent : http.Agent
    this.#send = secure ? https.request : http.request
    this.#requests = new AgentClass({
      ...this.#tls,
      keepAlive: true,
      keepAliveMsecs: KEEP_ALIVE_PROBE_MS,
      maxSockets: options.maxRequests ?? MAX_REQUESTS,
      scheduling: 'lifo',
      timeout: IDLE_CONNECTION_MS,
    })
    this.#streams = new AgentClass({ ...this.#tls, keepAlive: true, keepAliveMsecs: KEEP_ALIVE_PROBE_MS })
  }

  /** The whole answer, whatever its status. Rejects with ServiceUnavailable when the server can't be reached. */
  async request(method: string, path: string, options: SendOptions = {}): Promise<FullResponse> {
    try {
      return await this.#requestOnce(method, path, options)
    } catch (error) {
      if (!(error instanceof IdleConnectionClosed)) throw error
      // Only a read is repeated: of a write nobody knows whether it was done.
      return await this.#requestOnce(method, path, options)
    }
  }

  async #requestOnce(method: string, path: string, options: SendOptions): Promise<FullResponse> {
    const { request, response: pending } = this.#start(this.#requests, method, path, options)
    request.setTimeout(REQUEST_TIMEOUT_MS, () => {
      request.destroy(Object.assign(new Error(`no answer within ${REQUEST_TIMEOUT_MS / 1000} s`), { code: 'ETIMEDOUT' }))
    })
    const response = await pending
    const body = await this.#readBody(response, options.signal)
    return { status: response.statusCode ?? 0, headers: response.headers, body }
  }

  /** The answer as it arrives. The caller reads it to its end or destroys it. */
  async stream(method: string, path: string, options: SendOptions = {}): Promise<IncomingMessage> {
    return await this.#start(this.#streams, method, path, options).response
  }

  /** Reads the rest of a streamed answer. */
  async readBody(response: IncomingMessage, signal?: AbortSignal): Promise<Buffer> {
    return await this.#readBody(response, signal)
  }

  webSocket(path: string, protocols: readonly string[] = []): WebSocket {
    // Loaded at the first use: a proxy opens none.
    const { WebSocket } = createRequire(import.meta.url)('ws') as typeof import('ws')
    return new WebSocket(webSocketUrl(this.#options.server, path), [...protocols], { headers: this.#headers({}), ...this.#tls })
  }

  /** Closes kept-alive connections; requests under way fail. */
  close(): void {
    this.#requests.destroy()
    this.#streams.destroy()
  }

  /** An error of the transport in the caller's words. An abort stays what it is. */
  unreachable(error: unknown, signal: AbortSignal | undefined): unknown {
    if (signal?.aborted) return signal.reason
    if (error instanceof ApiError) return error
    const { server } = this.#options
    return new ApiError('ServiceUnavailable', `cannot reach the API server at ${server}: ${whyNot(error, server)}`, {
      cause: error,
    })
  }

  #start(agent: http.Agent, method: string, path: string, options: SendOptions) {
    const { body, signal } = options
    const headers = this.#headers(options.headers ?? {})
    if (body !== undefined) headers['content-length'] = String(Buffer.byteLength(body))
    const request = this.#send({ ...this.#target, agent, method, path, headers, ...(signal ? { signal } : {}) })
    const response = new Promise<IncomingMessage>((resolve, reject) => {
      request.once('response', resolve)
      request.once('error', (error) => {
        reject(closedWhileIdle(request, method, error) ? new IdleConnectionClosed() : this.unreachable(error, signal))
      })
    })
    request.end(body)
    return { request, response }
  }

  async #readBody(response: IncomingMessage, signal: AbortSignal | undefined): Promise<Buffer> {
    try {
      const chunks: Buffer[] = []
      for await (const chunk of response) chunks.push(chunk as Buffer)
      return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)
    } catch (error) {
      throw this.unreachable(error, signal)
    }
  }

  #headers(extra: Readonly<Record<string, string>>): Record<string, string> {
    const { token, userAgent } = this.#options
    const headers: Record<string, string> = { 'user-agent': userAgent, ...extra }
    if (token !== undefined) headers.authorization = `Bearer ${typeof token === 'string' ? token : token()}`
    return headers
  }
}

class IdleConnectionClosed extends Error {}

/** The server closed a kept-alive connection just as we took it: a read may simply be sent again. */
function closedWhileIdle(request: ClientRequest, method: string, error: NodeJS.ErrnoException): boolean {
  return method === 'GET' && request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
}

function targetOf(server: string): RequestOptions {
  if (server.startsWith('unix:')) return { protocol: 'http:', host: 'localhost', socketPath: server.slice('unix:'.length) }
  const url = new URL(server)
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port)
  return { protocol: url.protocol, host: url.hostname.replace(/^\[|\]$/g, ''), port }
}

/** On its own machine. */
const RESTART_MASTER = '"skiff down" and "skiff up", or "systemctl restart skiff-master", start it anew'

/** What Node's TLS says of a certificate names no cure. */
function whyNot(error: unknown, server: string): string {
  const { code = '', message } = error instanceof Error ? (error as NodeJS.ErrnoException) : { message: String(error) }
  const now = new Date().toISOString()
  switch (code) {
    case 'ECONNREFUSED':
      // The master left its socket, so it was not asked to end.
      return server.startsWith('unix:') ? `${message}: start it with "skiff up" or "systemctl start skiff-master"` : message
    case 'ETIMEDOUT':
      return server.startsWith('unix:') ? `${message}: if it hangs, ${RESTART_MASTER}` : message
    case 'CERT_NOT_YET_VALID':
      return `its certificate is not valid yet, and this machine's clock says ${now}: set the clock (timedatectl set-ntp true)`
    case 'CERT_HAS_EXPIRED':
      return `its certificate has expired, and this machine's clock says ${now}: set the clock (timedatectl set-ntp true), or restart the master if it is right`
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'CERT_SIGNATURE_FAILURE':
      return `its certificate is of another cluster than the one that is known here (${message}): take a new kubeconfig, or join again with the line that \`skiff token create\` prints`
    default:
      return message
  }
}

function webSocketUrl(server: string, path: string): string {
  if (server.startsWith('unix:')) return `ws+unix:${server.slice('unix:'.length)}:${path}`
  return `${server.replace(/^http/, 'ws').replace(/\/$/, '')}${path}`
}

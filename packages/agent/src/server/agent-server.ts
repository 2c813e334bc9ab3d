import type { IncomingMessage, ServerResponse } from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { ApiError, badRequest, notFound } from '@skiff/api'
import type { ApiClient, Log } from '@skiff/client'
import { WebSocketServer } from 'ws'
import type { NodeCredentials } from '../bootstrap/agent-files.ts'
import type { RunningAgent } from '../run-agent.ts'
import type { ContainerRuntime, ImageService } from '../runtime/runtime.ts'
import { authenticator } from './access/authenticate.ts'
import { authorizer } from './access/authorize.ts'
import { serveContainerLogs } from './container-logs.ts'
import { serveDeletedLogs } from './deleted-pod-logs.ts'
import { serveHostLogs } from './host-logs.ts'
import { serveImage } from './image-export.ts'
import { inspection } from './inspection.ts'
import { PodFinder } from './pod-finder.ts'
import { servePortForward } from './port-forward.ts'
import { serveRemoteCommand } from './remote-command.ts'

export interface AgentServerOptions {
  readonly credentials: NodeCredentials
  readonly nodeName: string
  /** 0: any free one. */
  readonly port: number
  readonly engine: { readonly runtime: ContainerRuntime; readonly images: ImageService }
  /** Knows who asks, and what they may. */
  readonly client: ApiClient
  readonly now: () => Date
  readonly logger: Log
  /** Tests have less patience. */
  readonly limits?: ServerLimits
}

export interface AgentServer {
  readonly port: number
  /** The pods can be served from now on. */
  attach(agent: RunningAgent): void
  close(): Promise<void>
}

/** What a stranger can have of this server; anybody on the network reaches it. */
export interface ServerLimits {
  /** For the TLS handshake, and for a request's headers. */
  readonly headersMs: number
  /** For a whole request: nobody has anything long to send. */
  readonly requestMs: number
  readonly connections: number
}

const LIMITS: ServerLimits = { headersMs: 10_000, requestMs: 60_000, connections: 2_000 }
/** What the API server takes, and adds: the command of an exec is in its URL. */
const MAX_HEADER_BYTES = 80 * 1024
/** As the API server's. */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024

/**
 * The kubelet's side of logs, exec, attach, port-forward and inspection, and images for other agents: HTTPS for the cluster's own
 * certificates, and for bearer tokens that the API knows.
 */
export async function serveAgent(options: AgentServerOptions): Promise<AgentServer> {
  const { ca, servingCert, servingKey } = options.credentials
  const finder = new PodFinder(options.engine.runtime)
  const { headersMs, requestMs, connections } = options.limits ?? LIMITS
  const server = https.createServer({
    ca,
    cert: servingCert,
    key: servingKey,
    requestCert: true,
    // Who has no certificate of the cluster's may have a token.
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
    maxHeaderSize: MAX_HEADER_BYTES,
    handshakeTimeout: headersMs,
    headersTimeout: headersMs,
    requestTimeout: requestMs,
    // How late the two are noticed.
    connectionsCheckingInterval: headersMs / 2,
  })
  server.maxConnections = connections
  const admit = admission(options)
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE_BYTES,
    handleProtocols: (offered) => firstKnown(offered),
  })
  server.on('request', (request, response) => void answer({ request, response, options, finder, admit }))
  server.on('upgrade', (request, socket, head) => void upgrade({ request, socket, head, sockets, options, finder, admit }))
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, options.port)))
    server.listen(options.port, () => resolve())
  })
  return {
    port: (server.address() as AddressInfo).port,
    attach: (agent) => finder.attach(agent),
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets.clients) socket.terminate()
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function listenError(error: NodeJS.ErrnoException, port: number): Error {
  if (error.code !== 'EADDRINUSE') return error
  return new Error(`port ${port} is taken on this host: is another agent (or a kubelet) running? Choose another with --port`, {
    cause: error,
  })
}

const PROTOCOLS = ['v5.channel.k8s.io', 'stream.skiff.dev']

function firstKnown(offered: ReadonlySet<string>): string | false {
  return PROTOCOLS.find((protocol) => offered.has(protocol)) ?? false
}

/** Throws Unauthorized or Forbidden. */
type Admit = (request: IncomingMessage, path: readonly string[], method: string) => Promise<void>

function admission({ client, nodeName, now }: AgentServerOptions): Admit {
  const [authenticate, authorize] = [authenticator(client, now), authorizer(client, nodeName, now)]
  return async (request, path, method) => await authorize({ asker: await authenticate(request), path, method })
}

interface PlainCall {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly options: AgentServerOptions
  readonly finder: PodFinder
  readonly admit: Admit
}

async function answer({ request, response, options, finder, admit }: PlainCall): Promise<void> {
  try {
    const { url, path } = placeOf(request)
    await admit(request, path, request.method ?? '')
    if (request.method !== 'GET') throw new ApiError('MethodNotAllowed', 'only GET is served here')
    await route({ path, url, request, response, options, finder })
  } catch (error) {
    sendError(response, error)
  }
}

/** What is asked for; throws BadRequest. A path may begin with two slashes: it names no other host. */
function placeOf({ url: target = '/' }: IncomingMessage): { url: URL; path: readonly string[] } {
  const url = URL.parse(`https://agent${target.startsWith('/') ? target : '/'}`)
  if (url === null || !target.startsWith('/')) throw badRequest('the path is not well-formed')
  return { url, path: url.pathname.split('/').slice(1).map(decodeURIComponent) }
}

export interface AgentRequest {
  readonly path: readonly string[]
  readonly url: URL
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly options: AgentServerOptions
  readonly finder: PodFinder
}

async function route(call: AgentRequest): Promise<void> {
  const inspect = inspection(call)
  if (inspect !== undefined) return await inspect()
  switch (call.path[0]) {
    case 'containerLogs':
      return await serveContainerLogs(call)
    case 'deletedLogs':
      return await serveDeletedLogs(call)
    case 'images':
      return await serveImage(call)
    case 'logs':
      return await serveHostLogs(call)
    case 'exec':
    case 'attach':
    case 'portForward':
      throw badRequest('Upgrade request required')
    default:
      throw notFound('paths', call.url.pathname)
  }
}

interface UpgradeCall {
  readonly request: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
  readonly sockets: WebSocketServer
  readonly options: AgentServerOptions
  readonly finder: PodFinder
  readonly admit: Admit
}

/** Everything that can be refused is refused before the upgrade, with a Status. */
async function upgrade({ request, socket, head, sockets, options, finder, admit }: UpgradeCall): Promise<void> {
  socket.on('error', () => socket.destroy())
  try {
    const { url, path } = placeOf(request)
    await admit(request, path, 'POST')
    const serve = await prepare(path, url, options, finder)
    sockets.handleUpgrade(request, socket, head, (webSocket) => void serve(webSocket))
  } catch (error) {
    refuseUpgrade(socket, error)
  }
}

async function prepare(path: readonly string[], url: URL, { engine }: AgentServerOptions, finder: PodFinder) {
  const [kind, namespace = '', pod = '', container = ''] = path
  switch (kind) {
    case 'exec':
    case 'attach':
      return await serveRemoteCommand({
        kind,
        query: url.searchParams,
        target: await finder.running(namespace, pod, container),
        engine,
      })
    case 'portForward':
      return await servePortForward(finder.addressOf(namespace, pod), url.searchParams)
    default:
      throw notFound('paths', url.pathname)
  }
}

function sendError(response: ServerResponse, error: unknown): void {
  if (response.headersSent) return void response.destroy()
  const status = toApiError(error).toStatus()
  response.writeHead(status.code ?? 500, { 'content-type': 'application/json' })
  response.end(JSON.stringify(status))
}

function refuseUpgrade(socket: Duplex, error: unknown): void {
  const status = toApiError(error).toStatus()
  const body = JSON.stringify(status)
  socket.end(
    `HTTP/1.1 ${status.code} ${status.reason}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}

function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error
  if (error instanceof URIError) return badRequest('the path is not well-formed')
  return new ApiError('InternalError', error instanceof Error ? error.message : String(error))
}

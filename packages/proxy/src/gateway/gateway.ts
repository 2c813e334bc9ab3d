/** HTTP by name: a request goes to the Service that its Host header names, to its ready endpoints in turn. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Service } from '@skiff/api'
import type { Informer } from '@skiff/client'
import type { Logger } from 'pino'
import type { Backend } from '../route-table.ts'
import { type BackendInput, createBackendFinder, serviceInHost } from './find-service.ts'
import type { Forwarder } from './forwarder.ts'
import { servicePage } from './service-page.ts'

export interface GatewayCluster extends BackendInput {
  readonly domain: string
  readonly services: Pick<Informer<Service>, 'get' | 'list'>
}

export interface GatewayOptions {
  readonly port: number
  readonly cluster: GatewayCluster
  readonly logger: Logger
}

/** Backends that are tried for a request that may be repeated. */
const MAX_ATTEMPTS = 3
const REPEATABLE = new Set(['GET', 'HEAD', 'OPTIONS'])
/** Longer than browsers and load generators keep theirs, so that they are the ones who close. */
const CLIENT_IDLE_MS = 75_000

/** A server that listens nowhere yet. */
export function createGateway(options: GatewayOptions, forwarder: Forwarder): Server {
  const { logger } = options
  const findTarget = createTargetFinder(options)
  // Uploads may take their time; only WebSockets are upgraded, what else asks for it gets a plain answer.
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: CLIENT_IDLE_MS, shouldUpgradeCallback: isWebSocket })
  server.on('request', (request, response) => {
    const target = findTarget(request)
    if (target.kind === 'answer') sendAnswer(response, target)
    else void forwardInTurn(request, response, target, forwarder).catch((err) => refuse(response, target, err))
  })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // #1468: without listeners an error of either connection would end this process.
    socket.on('error', () => socket.destroy())
    const target = findTarget(request)
    if (target.kind === 'answer') socket.end(plainResponse(target))
    else
      forwarder.forwardUpgrade(request, socket, head, {
        backend: target.next(),
        onRefusal: (err) => socket.end(plainResponse(badGateway(target, err))),
      })
  })
  return server

  function refuse(response: ServerResponse, target: Target, err: unknown): void {
    logger.debug({ err, service: target.service }, 'a backend gave no answer')
    if (response.headersSent) response.destroy()
    else sendAnswer(response, badGateway(target, err))
  }
}

interface Answer {
  readonly kind: 'answer'
  readonly status: number
  readonly type?: string
  readonly text: string
}

interface Target {
  readonly kind: 'target'
  /** `namespace/name`. */
  readonly service: string
  readonly backendCount: number
  /** The backend whose turn it is. */
  next(): Backend
}

function createTargetFinder({ port, cluster }: GatewayOptions): (request: IncomingMessage) => Target | Answer {
  // Of a Service as it is now: with each change, and with its end, they are forgotten.
  const turns = new WeakMap<Service, number>()
  const backendsOf = createBackendFinder(cluster)
  return (request) => {
    stripOrigin(request)
    const name = serviceInHost(request.headers.host, cluster.domain)
    if (!name) return answerWithoutService(request)
    const service = `${name.namespace}/${name.name}`
    const object = cluster.services.get(service)
    if (!object) return { kind: 'answer', status: 404, text: `There is no Service ${name.name} in namespace ${name.namespace}.` }
    const backends = backendsOf(object)
    const next = () => takeTurn(object, backends)
    const [first] = backends
    if (!first)
      return {
        kind: 'answer',
        status: 503,
        text: `Service ${service} has no ready pod for HTTP. ${whoKnows(service)}`,
      }
    return { kind: 'target', service, backendCount: backends.length, next: () => next() ?? first }
  }

  function takeTurn(service: Service, backends: readonly Backend[]): Backend | undefined {
    const turn = turns.get(service) ?? 0
    turns.set(service, (turn + 1) % Number.MAX_SAFE_INTEGER)
    return backends[turn % backends.length]
  }

  function answerWithoutService({ method, url, headers }: IncomingMessage): Answer {
    if (method === 'GET' && url === '/')
      return { kind: 'answer', status: 200, type: 'text/html', text: servicePage(cluster.services.list(), port) }
    return {
      kind: 'answer',
      status: 404,
      text: `No Service is named by ${headers.host ?? 'no Host header'}: ask for http://SERVICE.NAMESPACE.localhost/`,
    }
  }
}

/** Who takes us for a proxy sends the whole URL. */
function stripOrigin(request: IncomingMessage): void {
  const [, host, path] = /^https?:\/\/([^/?#]*)(.*)$/i.exec(request.url ?? '') ?? []
  if (host === undefined) return
  request.headers.host = host
  request.url = path?.startsWith('/') ? path : `/${path ?? ''}`
}

/** A pod that died a moment ago costs nobody a page: what changes nothing is asked of the next one. */
async function forwardInTurn(
  request: IncomingMessage,
  response: ServerResponse,
  target: Target,
  forwarder: Forwarder,
): Promise<void> {
  const attempts = mayBeRepeated(request) ? Math.min(MAX_ATTEMPTS, target.backendCount + 1) : 1
  for (let attempt = 1; ; attempt++) {
    try {
      return await forwarder.forward(request, response, target.next())
    } catch (err) {
      if (attempt === attempts || response.headersSent) throw err
    }
  }
}

function mayBeRepeated({ method = '', headers }: IncomingMessage): boolean {
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
  return REPEATABLE.has(method) && !hasBody
}

function isWebSocket({ headers, method }: IncomingMessage): boolean {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket'
}

function whoKnows(service: string): string {
  const [namespace, name] = service.split('/')
  return `On the master's machine "skiff why service ${name} -n ${namespace}" says what to do.`
}

function badGateway({ service }: Target, err: unknown): Answer {
  return {
    kind: 'answer',
    status: 502,
    text: `No pod of Service ${service} answered: ${err instanceof Error ? err.message : String(err)}. ${whoKnows(service)}`,
  }
}

function sendAnswer(response: ServerResponse, { status, type = 'text/plain', text }: Answer): void {
  response.writeHead(status, { 'content-type': `${type}; charset=utf-8` })
  response.end(type === 'text/plain' ? `${text}\n` : text)
}

const REASONS: Record<number, string> = { 200: 'OK', 404: 'Not Found', 502: 'Bad Gateway', 503: 'Service Unavailable' }

function plainResponse({ status, text }: Answer): string {
  const body = Buffer.from(`${text}\n`)
  const head = [
    `HTTP/1.1 ${status} ${REASONS[status]}`,
    'content-type: text/plain; charset=utf-8',
    `content-length: ${body.length}`,
    'connection: close',
  ]
  return `${head.join('\r\n')}\r\n\r\n${body}`
}

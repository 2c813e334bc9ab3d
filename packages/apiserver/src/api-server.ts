import type { Server } from 'node:http'
import type { Logger } from 'pino'
import { createApp } from './http/app.ts'
import { Connections } from './http/connections.ts'
import { type Handlers, listenPlain, listenTls, listenUnix, portOf, type TlsOptions } from './http/listeners.ts'
import { RequestMetrics } from './http/metrics.ts'
import type { Admission, Authenticator, Authorizer, Streaming } from './http/request-context.ts'
import type { ServerContext } from './http/server-context.ts'
import { upgradeListener } from './http/upgrade.ts'
import type { NodeLiveness } from './liveness/node-liveness.ts'
import { OpenApiDocuments } from './openapi/documents.ts'
import { EventBytes } from './registry/event-bytes.ts'
import { startExpiry } from './registry/expiry.ts'
import type { Registry } from './registry/registry.ts'
import type { VirtualResource } from './registry/resource-definition.ts'
import type { TokenRequests } from './verbs/subresources.ts'

export interface ApiServerOptions {
  readonly registry: Registry
  readonly authenticator: Authenticator
  readonly authorizer: Authorizer
  readonly admission: Admission
  /** Absent: logs, exec, port-forward and proxies answer 503. */
  readonly streaming?: Streaming
  readonly virtualResources?: readonly VirtualResource[]
  readonly tokenRequests?: TokenRequests
  readonly liveness: NodeLiveness
  /** PEM of the cluster's CA. */
  readonly caCertificates: string
  readonly readiness?: Readonly<Record<string, () => string | undefined>>
  readonly clock: () => Date
  readonly random: () => number
  readonly logger: Logger
}

export interface ApiServer {
  listenTls(options: TlsOptions): Promise<{ readonly port: number }>
  listenUnix(path: string): Promise<void>
  /** Answers only health checks, the version and the CA; 426 for everything else. */
  listenPlain(address: { readonly host: string; readonly port: number }): Promise<{ readonly port: number }>
  /** HTTP without TLS that serves everything and authenticates as HTTPS does. For tests on 127.0.0.1. */
  listenInsecure(address: { readonly host: string; readonly port: number }): Promise<{ readonly port: number }>
  /** Ends watches and streams, closes all listeners. The store stays open. */
  close(): Promise<void>
}

/** Builds the server; it answers nothing until one of the listen functions is called. */
export async function createApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const stopping = new AbortController()
  const connections = new Connections()
  const context = contextOf(options, stopping.signal)
  const app = createApp(context, connections)
  await app.ready()
  const handlers: Handlers = { request: app.routing, upgrade: upgradeListener(context, connections), connections }
  const servers: Server[] = []
  const keep = (server: Server) => {
    servers.push(server)
    return { port: portOf(server) }
  }
  startExpiry({ registry: options.registry, clock: options.clock, logger: options.logger, signal: stopping.signal })
  return {
    listenTls: async (tls) => keep(await listenTls(tls, handlers)),
    listenUnix: async (path) => void servers.push(await listenUnix(path, handlers)),
    listenPlain: async (address) => keep(await listenPlain(address, handlers, 'plain')),
    listenInsecure: async (address) => keep(await listenPlain(address, handlers, 'insecure')),
    close: async () => {
      stopping.abort()
      await Promise.all(servers.map(closeServer))
      await app.close()
    },
  }
}

function contextOf(options: ApiServerOptions, stopping: AbortSignal): ServerContext {
  const { streaming, tokenRequests, virtualResources = [], readiness = {} } = options
  return {
    ...options,
    streaming,
    tokenRequests,
    virtualResources,
    readiness,
    eventBytes: new EventBytes(options.clock),
    openApi: new OpenApiDocuments(),
    metrics: new RequestMetrics(),
    stopping,
  }
}

/** Open requests get this long to finish. */
const CLOSE_GRACE_MS = 1_000

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS)
    server.close(() => {
      clearTimeout(force)
      resolve()
    })
    server.closeIdleConnections()
  })
}

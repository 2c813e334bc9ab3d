import type { Server } from 'node:http'
import type { Server as TlsServer } from 'node:https'
import { qualifiedResource } from '@skiff/api'
import type { Logger } from 'pino'
import type { Aggregation } from './aggregation/index.ts'
import { SOCKET_OWNER } from './auth/users.ts'
import { startCustomResourceCleanup } from './custom-resources/cleanup.ts'
import { keepDanglingConditions } from './flow-control/dangling.ts'
import { FlowControl } from './flow-control/flow-control.ts'
import { createApp } from './http/app.ts'
import { Connections } from './http/connections.ts'
import { type InProcessApi, inProcessApi } from './http/in-process.ts'
import {
  type Handlers,
  listenPlain,
  listenTls,
  listenUnix,
  type PlainAddress,
  portOf,
  renewIdentity,
  type TlsIdentity,
  type TlsOptions,
} from './http/listeners.ts'
import { RequestMetrics } from './http/metrics.ts'
import type { Admission, Authenticator, Authorizer, Streaming } from './http/request-context.ts'
import type { TokenIssuer } from './http/serve-issuer.ts'
import type { ServerContext } from './http/server-context.ts'
import { upgradeListener } from './http/upgrade.ts'
import type { NodeLiveness } from './liveness/node-liveness.ts'
import { OpenApiDocuments } from './openapi/documents.ts'
import { EventBytes } from './registry/event-bytes.ts'
import { startExpiry } from './registry/expiry.ts'
import type { Registry } from './registry/registry.ts'
import type { VirtualResource } from './registry/resource-definition.ts'
import { type ComponentChecks, componentStatuses } from './resources/componentstatuses/component-statuses.ts'
import { bindingsResource } from './verbs/bind.ts'
import type { TokenRequests } from './verbs/subresources.ts'

export interface ApiServerOptions {
  readonly registry: Registry
  readonly authenticator: Authenticator
  readonly authorizer: Authorizer
  readonly admission: Admission
  /** Absent: logs, exec, port-forward and proxies answer 503. */
  readonly streaming?: Streaming
  /** Absent: everything is served here, and APIServices are only kept. */
  readonly aggregation?: Aggregation
  readonly virtualResources?: readonly VirtualResource[]
  readonly tokenRequests?: TokenRequests
  /** Published, so that others can verify tokens. */
  readonly tokenIssuer?: TokenIssuer
  readonly liveness: NodeLiveness
  /** PEM of the cluster's CA. */
  readonly caCertificates: string
  readonly readiness?: Readonly<Record<string, () => string | undefined>>
  /** Told at the end of `/metrics`, in the same format. */
  readonly furtherMetrics?: () => string
  /** What is wrong with the store, if anything. */
  readonly storeProblem?: () => string | undefined
  /** What runs beside the API server: shown as ComponentStatuses, as the store is. */
  readonly components?: ComponentChecks
  readonly clock: () => Date
  readonly random: () => number
  readonly logger: Logger
}

export interface ApiServer {
  listenTls(options: TlsOptions): Promise<{ readonly port: number }>
  /** Replaces the certificate of every TLS listener, without a connection noticing. */
  renewTls(identity: TlsIdentity): void
  listenUnix(path: string): Promise<void>
  /** Answers only health checks, the version and the CA; 426 for everything else. */
  listenPlain(address: { readonly host: string; readonly port: number }): Promise<{ readonly port: number }>
  /** HTTP without TLS that serves everything and authenticates as HTTPS does. For tests on 127.0.0.1. */
  listenInsecure(address: PlainAddress): Promise<{ readonly port: number }>
  /** For those who run in this process, with the rights of who may use the unix socket. */
  readonly inProcess: InProcessApi
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
  const tlsServers: TlsServer[] = []
  const keep = (server: Server) => {
    servers.push(server)
    return { port: portOf(server) }
  }
  startCustomResourceCleanup({
    registry: options.registry,
    clock: options.clock,
    logger: options.logger,
    signal: stopping.signal,
  })
  keepDanglingConditions({ registry: options.registry, clock: options.clock, logger: options.logger, signal: stopping.signal })
  startExpiry({ registry: options.registry, clock: options.clock, logger: options.logger, signal: stopping.signal })
  return {
    listenTls: async (tls) => {
      const server = await listenTls(tls, handlers)
      tlsServers.push(server)
      return keep(server)
    },
    renewTls: (identity) => {
      for (const server of tlsServers) renewIdentity(server, identity)
    },
    listenUnix: async (path) => void servers.push(await listenUnix(path, handlers)),
    listenPlain: async (address) => keep(await listenPlain(address, handlers, 'plain')),
    listenInsecure: async (address) => keep(await listenPlain(address, handlers, 'insecure')),
    inProcess: inProcessApi(context, SOCKET_OWNER),
    close: async () => {
      stopping.abort()
      await Promise.all(servers.map(closeServer))
      await app.close()
    },
  }
}

/** What requests are served with. */
export function contextOf(options: ApiServerOptions, stopping: AbortSignal): ServerContext {
  const { streaming, aggregation, tokenRequests, tokenIssuer, virtualResources = [], readiness = {} } = options
  const { storeProblem = () => undefined, components = {}, furtherMetrics = () => '' } = options
  const flowControl = new FlowControl({
    objects: options.registry.objects,
    store: options.registry.store,
    clock: () => performance.now(),
    nextTurn: setImmediate,
    signal: stopping,
  })
  return {
    ...options,
    streaming,
    aggregation,
    tokenRequests,
    tokenIssuer,
    virtualResources: [
      ...virtualResources,
      bindingsResource(options),
      componentStatuses({ 'etcd-0': storeProblem, ...components }),
    ],
    storeProblem,
    readiness,
    flowControl,
    eventBytes: new EventBytes(options.clock),
    openApi: new OpenApiDocuments(),
    metrics: new RequestMetrics({
      levels: () => flowControl.levels(),
      stored: () => options.registry.all().map(({ info, count }) => ({ resource: qualifiedResource(info), count })),
      further: furtherMetrics,
    }),
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

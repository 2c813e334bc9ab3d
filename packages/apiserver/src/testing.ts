/** A real API server on 127.0.0.1 over a memory store, in which everybody may do everything: for other packages' tests. */

import type { KubeObject } from '@skiff/api'
import { ApiClient } from '@skiff/client'
import { createMemoryStore, type Store } from '@skiff/store'
import { type Logger, pino } from 'pino'
import type { Aggregation } from './aggregation/index.ts'
import { createApiServer } from './api-server.ts'
import type { InProcessApi } from './http/in-process.ts'
import type { Admission, Authenticator, Authorizer, Streaming } from './http/request-context.ts'
import { NodeLiveness } from './liveness/node-liveness.ts'
import { Registry } from './registry/registry.ts'
import type { ClusterConfig, ResourceDefinition, VirtualResource } from './registry/resource-definition.ts'
import { BUILT_IN_RESOURCES } from './resources/index.ts'

export { fullAdmission } from './admission/testing/full-admission.ts'

export interface TestApiServer extends AsyncDisposable {
  readonly url: string
  readonly client: ApiClient
  readonly inProcess: InProcessApi
  readonly store: Store
  readonly registry: Registry
  readonly liveness: NodeLiveness
  close(): Promise<void>
}

export interface TestApiServerOptions {
  readonly clock?: () => Date
  readonly resources?: readonly ResourceDefinition[]
  readonly cluster?: Partial<ClusterConfig>
  /** Default: nothing is changed or refused. */
  readonly admission?: (registry: Registry) => Admission
  readonly authenticator?: Authenticator
  readonly authorizer?: Authorizer
  readonly streaming?: Streaming
  readonly virtualResources?: readonly VirtualResource[]
  readonly aggregation?: (registry: Registry) => Aggregation
  readonly logger?: Logger
  /** Default: a new memory store. It is closed with the server. */
  readonly store?: Store
  /** Namespaces that are there from the start. */
  readonly namespaces?: readonly string[]
  /** How long a request may take to arrive. */
  readonly requestTimeoutMs?: number
}

export const TEST_CLUSTER: ClusterConfig = {
  serviceCidr: '10.96.0.0/16',
  podCidr: '10.244.0.0/16',
  nodePorts: { first: 30000, last: 32767 },
  clusterDomain: 'cluster.local',
  defaultTolerationSeconds: 5,
}

const ADMIN = { name: 'admin', groups: ['system:masters', 'system:authenticated'] }
const EVERYBODY_IS_ADMIN: Authenticator = { authenticate: async () => ADMIN }
const EVERYTHING_IS_ALLOWED: Authorizer = { authorize: () => ({ allowed: true, reason: '' }) }
const NOTHING_IS_REFUSED: Admission = { mutate: () => undefined, validate: () => undefined }

export async function startTestApiServer(options: TestApiServerOptions = {}): Promise<TestApiServer> {
  const { clock = () => new Date(), namespaces = ['default', 'kube-system'] } = options
  const { store = createMemoryStore() } = options
  const random = Math.random
  const cluster = { ...TEST_CLUSTER, ...options.cluster }
  const registry = new Registry({ store, resources: options.resources ?? BUILT_IN_RESOURCES, cluster, clock, random })
  const admission = options.admission?.(registry) ?? NOTHING_IS_REFUSED
  await createNamespaces(registry, admission, namespaces)
  const liveness = new NodeLiveness(() => performance.now())
  const server = await createApiServer({
    registry,
    authenticator: options.authenticator ?? EVERYBODY_IS_ADMIN,
    authorizer: options.authorizer ?? EVERYTHING_IS_ALLOWED,
    admission,
    ...(options.streaming ? { streaming: options.streaming } : {}),
    ...(options.virtualResources ? { virtualResources: options.virtualResources } : {}),
    ...(options.aggregation ? { aggregation: options.aggregation(registry) } : {}),
    liveness,
    caCertificates: '',
    clock,
    random,
    logger: options.logger ?? pino({ level: 'silent' }),
  })
  const { port } = await server.listenInsecure({
    host: '127.0.0.1',
    port: 0,
    ...(options.requestTimeoutMs === undefined ? {} : { requestTimeoutMs: options.requestTimeoutMs }),
  })
  const url = `http://127.0.0.1:${port}`
  const close = async () => {
    await server.close()
    await store.close()
  }
  const client = new ApiClient({ server: url, userAgent: 'test' })
  const { inProcess } = server
  return { url, client, inProcess, store, registry, liveness, close, [Symbol.asyncDispose]: close }
}

async function createNamespaces(registry: Registry, admission: Admission, names: readonly string[]): Promise<void> {
  const namespaces = registry.findKind('v1', 'Namespace')
  const write = { user: ADMIN, manager: 'test', dryRun: false, admission, warn: () => undefined }
  for (const name of names) {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } } as unknown as KubeObject
    namespaces?.definition.strategy.default?.(namespace)
    await namespaces?.create(namespace, '', write)
  }
}

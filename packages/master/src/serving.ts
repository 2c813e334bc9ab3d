import { hostname } from 'node:os'
import { join } from 'node:path'
import { CLUSTER_FACTS, CONFIG_MAPS } from '@skiff/api'
import {
  type ApiServer,
  auditedAuthorizer,
  BUILT_IN_RESOURCES,
  createAdmission,
  createAggregation,
  createApiServer,
  createAuth,
  createResourceMetrics,
  createServiceDialer,
  createStreaming,
  NodeLiveness,
  Registry,
} from '@skiff/apiserver'
import { exposition, QueueMeters } from '@skiff/client'
import { createSqliteStore, type Store } from '@skiff/store'
import type { MasterCertificates } from './certificates/master-certificates.ts'
import type { ResolvedOptions } from './master-options.ts'
import { addressInRange } from './network/address-ranges.ts'

/** What nobody is to read who only gets hold of the database's file. */
const SEALED_PREFIXES = ['/registry/core/secrets/']
const NODE_PORTS = { first: 30_000, last: 32_767 }

/** The API server and what it stands on, not listening yet. */
export interface Serving {
  readonly apiServer: ApiServer
  readonly liveness: NodeLiveness
  /** What the controllers of this process count. */
  readonly meters: QueueMeters
}

export interface ServingOptions {
  readonly store: Store
  /** The newest ones: they are renewed while the master runs. */
  readonly certificates: () => MasterCertificates
  readonly options: ResolvedOptions
  readonly signal: AbortSignal
  /** Why the store takes no writes, if it doesn't. */
  readonly storeProblem: () => string | undefined
  /** What the master runs beside the API server, each with what is wrong with it. */
  readonly components: Readonly<Record<string, () => string | undefined>>
}

/** `onFailure`: the disk can't be trusted any more, and no write will be taken before a restart. */
export function openStore({ dataDir }: ResolvedOptions, onFailure: (error: Error) => void): Promise<Store> {
  return createSqliteStore({
    path: join(dataDir, 'skiff.db'),
    sealing: { keyFile: join(dataDir, 'secrets.key'), prefixes: SEALED_PREFIXES },
    onFailure,
  })
}

export async function createServing(serving: ServingOptions): Promise<Serving> {
  const { store, certificates, options, signal, storeProblem, components } = serving
  const { clock, random, logger, clusterDomain, serviceCidr, podCidr, defaultTolerationSeconds, podSecurityDefault } = options
  const cluster = { serviceCidr, podCidr, nodePorts: NODE_PORTS, clusterDomain, defaultTolerationSeconds }
  const registry = new Registry({
    ...{ store, resources: BUILT_IN_RESOURCES, cluster, clock, random },
    // Made further below, out of what the registry holds; nobody converts before.
    dialService: (service) => dialService(service),
  })
  const { objects } = registry
  const liveness = new NodeLiveness(() => performance.now())
  const { authority, serviceAccountKeyPem } = certificates()
  const authorityPem = authority.certificatePem
  const auth = createAuth({ store, objects, authorityPem, serviceAccountKeyPem, clusterDomain, clock, signal })
  const credentials = () => agentCredentials(certificates())
  const dialService = createServiceDialer({ objects, credentials, random, signal })
  const virtualResources = [...auth.virtualResources, ...createResourceMetrics({ objects, credentials, clock, signal })]
  const meters = new QueueMeters()
  const apiServer = await createApiServer({
    registry,
    liveness,
    clock,
    random,
    authenticator: auth.authenticator,
    authorizer: auditedAuthorizer(auth.authorizer, logger.child({ component: 'audit' })),
    admission: createAdmission({
      registry,
      authorizer: auth.authorizer,
      podSecurityDefault,
      dialService,
      clock,
      random,
      logger: logger.child({ component: 'admission' }),
      signal,
    }),
    virtualResources,
    tokenRequests: auth.tokenRequests,
    tokenIssuer: auth.serviceAccountTokens,
    aggregation: createAggregation({
      ...{ registry, virtualResources, dialService, clock, signal },
      identity: () => certificates().agentClient,
      logger: logger.child({ component: 'aggregation' }),
    }),
    streaming: createStreaming({ objects, liveness, signal, credentials }),
    caCertificates: authorityPem,
    furtherMetrics: () => exposition(meters.families()),
    storeProblem,
    components,
    // What joins or asks for a token needs the namespaces and facts of the bootstrap.
    readiness: {
      bootstrap: () => (objects.get(CONFIG_MAPS, CLUSTER_FACTS) === undefined ? 'the cluster is being set up' : undefined),
    },
    logger: logger.child({ component: 'apiserver' }),
  })
  return { apiServer, liveness, meters }
}

function agentCredentials({ authority, agentClient }: MasterCertificates) {
  return { authorityPem: authority.certificatePem, ...agentClient }
}

/** By what names and addresses clients know the API server. */
export function servingNames(options: ResolvedOptions, advertiseAddress: string): string[] {
  return [...new Set([...clusterNames(options), hostname(), advertiseAddress])]
}

/** Those that mean the API server on every host. Its host's own name and address are not among them: an agent may run there too. */
export function clusterNames({ serviceCidr, clusterDomain }: ResolvedOptions): string[] {
  const names = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', `kubernetes.default.svc.${clusterDomain}`]
  return ['localhost', '127.0.0.1', '::1', addressInRange(serviceCidr, 1), ...names]
}

import {
  CONFIG_MAPS,
  type ConfigMap,
  controllerOf,
  DEPLOYMENTS,
  type Deployment,
  ENDPOINT_SLICES,
  ENDPOINTS,
  type EndpointSlice,
  type Endpoints,
  LEASES,
  type Lease,
  NAMESPACES,
  type Namespace,
  NODES,
  type Node,
  type ObjectMeta,
  PODS,
  type Pod,
  REPLICA_SETS,
  type ReplicaSet,
  SECRETS,
  SERVICE_ACCOUNTS,
  SERVICES,
  type Secret,
  type Service,
  type ServiceAccount,
} from '@skiff/api'
import { type ApiClient, createInformer, type Informer } from '@skiff/client'
import type { Logger } from 'pino'

const NODE_LEASE_NAMESPACE = 'kube-node-lease'
export const ROOT_CA_CONFIG_MAP = 'kube-root-ca.crt'
export const DEFAULT_SERVICE_ACCOUNT = 'default'
/** Tokens of `skiff token create`, for hosts and for people. */
const TOKEN_TYPE = 'skiff.dev/token'
export const SERVICE_NAME_LABEL = 'kubernetes.io/service-name'

/** One watch per kind, however many controllers look at it. Nothing is read before `start`. */
export type SharedInformers = ReturnType<typeof createSharedInformers>

export function createSharedInformers(client: ApiClient, options: { readonly logger: Logger; readonly signal: AbortSignal }) {
  return {
    /** By `owner` (uid of the controller), `orphans` (namespace, of those without one), `node` and `namespace`. */
    pods: createInformer<Pod>(client, PODS, {
      ...options,
      indexes: { ...ownership, node: ({ spec }) => (spec.nodeName ? [spec.nodeName] : []), namespace: namespaceOf },
    }),
    replicaSets: createInformer<ReplicaSet>(client, REPLICA_SETS, {
      ...options,
      indexes: { ...ownership, namespace: namespaceOf },
    }),
    deployments: createInformer<Deployment>(client, DEPLOYMENTS, { ...options, indexes: { namespace: namespaceOf } }),
    services: createInformer<Service>(client, SERVICES, { ...options, indexes: { namespace: namespaceOf } }),
    /** By `service`: key of the Service that the slice belongs to. */
    endpointSlices: createInformer<EndpointSlice>(client, ENDPOINT_SLICES, { ...options, indexes: { service: serviceOf } }),
    endpoints: createInformer<Endpoints>(client, ENDPOINTS, options),
    nodes: createInformer<Node>(client, NODES, options),
    nodeLeases: createInformer<Lease>(client, LEASES, { ...options, namespace: NODE_LEASE_NAMESPACE }),
    namespaces: createInformer<Namespace>(client, NAMESPACES, options),
    defaultServiceAccounts: createInformer<ServiceAccount>(client, SERVICE_ACCOUNTS, {
      ...options,
      fieldSelector: `metadata.name=${DEFAULT_SERVICE_ACCOUNT}`,
    }),
    rootCaConfigMaps: createInformer<ConfigMap>(client, CONFIG_MAPS, {
      ...options,
      fieldSelector: `metadata.name=${ROOT_CA_CONFIG_MAP}`,
    }),
    bootstrapTokens: createInformer<Secret>(client, SECRETS, {
      ...options,
      namespace: 'kube-system',
      fieldSelector: `type=${TOKEN_TYPE}`,
    }),
  }
}

/** Starts following and resolves once everything was read. */
export async function synced(informers: readonly Pick<Informer<never>, 'start' | 'synced'>[]): Promise<void> {
  for (const informer of informers) informer.start()
  await Promise.all(informers.map((informer) => informer.synced))
}

interface HasMetadata {
  readonly metadata: ObjectMeta
}

const namespaceOf = ({ metadata }: HasMetadata) => [metadata.namespace ?? '']

const ownership = {
  owner: (object: HasMetadata) => {
    const owner = controllerOf(object)
    return owner ? [owner.uid] : []
  },
  orphans: (object: HasMetadata) => (controllerOf(object) ? [] : [object.metadata.namespace ?? '']),
}

function serviceOf({ metadata }: EndpointSlice): string[] {
  const name = metadata.labels?.[SERVICE_NAME_LABEL]
  return name === undefined ? [] : [`${metadata.namespace}/${name}`]
}

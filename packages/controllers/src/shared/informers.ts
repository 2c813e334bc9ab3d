import {
  CLUSTER_ROLES,
  type ClusterRole,
  CONFIG_MAPS,
  type ConfigMap,
  claimAttributesClasses,
  controllerOf,
  DEPLOYMENTS,
  type Deployment,
  ENDPOINT_SLICES,
  ENDPOINTS,
  type EndpointSlice,
  type Endpoints,
  HORIZONTAL_POD_AUTOSCALERS,
  type HorizontalPodAutoscaler,
  LEASES,
  type Lease,
  NAMESPACES,
  type Namespace,
  NODES,
  type Node,
  type ObjectMeta,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  type PersistentVolume,
  type PersistentVolumeClaim,
  POD_DISRUPTION_BUDGETS,
  PODS,
  type Pod,
  type PodDisruptionBudget,
  podClaims,
  REPLICA_SETS,
  REPLICATION_CONTROLLERS,
  RESOURCE_QUOTAS,
  type ReplicaSet,
  type ReplicationController,
  type ResourceQuota,
  SECRETS,
  SERVICE_ACCOUNTS,
  SERVICES,
  type Secret,
  type Service,
  type ServiceAccount,
  STORAGE_CLASSES,
  type StorageClass,
  storageClassOf,
  VOLUME_ATTRIBUTES_CLASSES,
  VOLUME_NODE_LABEL,
  type VolumeAttributesClass,
} from '@skiff/api'
import { type ApiClient, createInformer, type Informer } from '@skiff/client'
import type { Logger } from 'pino'
import { ACCOUNT_NAME, TOKEN_SECRET_TYPE } from '../service-account-tokens/plan.ts'

const NODE_LEASE_NAMESPACE = 'kube-node-lease'
export const ROOT_CA_CONFIG_MAP = 'kube-root-ca.crt'
/** Tokens of `skiff token create`, for hosts and for people. */
const TOKEN_TYPE = 'skiff.dev/token'
export const SERVICE_NAME_LABEL = 'kubernetes.io/service-name'

/** One watch per kind, however many controllers look at it. Nothing is read before `start`. */
export type SharedInformers = ReturnType<typeof createSharedInformers>

export function createSharedInformers(client: ApiClient, options: { readonly logger: Logger; readonly signal: AbortSignal }) {
  return {
    /** By `owner` (uid of the controller), `orphans` (namespace, of those without one), `node`, `namespace` and `claim` (its key). */
    pods: createInformer<Pod>(client, PODS, {
      ...options,
      indexes: {
        ...ownership,
        node: ({ spec }) => (spec.nodeName ? [spec.nodeName] : []),
        namespace: namespaceOf,
        claim: claimKeysOf,
      },
    }),
    replicaSets: createInformer<ReplicaSet>(client, REPLICA_SETS, {
      ...options,
      indexes: { ...ownership, namespace: namespaceOf },
    }),
    replicationControllers: createInformer<ReplicationController>(client, REPLICATION_CONTROLLERS, {
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
    serviceAccounts: createInformer<ServiceAccount>(client, SERVICE_ACCOUNTS, options),
    clusterRoles: createInformer<ClusterRole>(client, CLUSTER_ROLES, options),
    /** By `account`: key of the ServiceAccount that the Secret names. */
    tokenSecrets: createInformer<Secret>(client, SECRETS, {
      ...options,
      fieldSelector: `type=${TOKEN_SECRET_TYPE}`,
      indexes: { account: ({ metadata }) => [`${metadata.namespace}/${metadata.annotations?.[ACCOUNT_NAME] ?? ''}`] },
    }),
    rootCaConfigMaps: createInformer<ConfigMap>(client, CONFIG_MAPS, {
      ...options,
      fieldSelector: `metadata.name=${ROOT_CA_CONFIG_MAP}`,
    }),
    /** By `unbound` (storage class, of those without a volume), `volume` (its name) and `attributesClass` (those it names). */
    persistentVolumeClaims: createInformer<PersistentVolumeClaim>(client, PERSISTENT_VOLUME_CLAIMS, {
      ...options,
      indexes: {
        unbound: (claim) => (claim.spec.volumeName ? [] : [storageClassOf(claim)]),
        volume: ({ spec }) => (spec.volumeName ? [spec.volumeName] : []),
        attributesClass: claimAttributesClasses,
      },
    }),
    /** By `claim` (key of the claim that it names), `class`, `attributesClass`, and `node` (of those that the built-in provisioner made). */
    persistentVolumes: createInformer<PersistentVolume>(client, PERSISTENT_VOLUMES, {
      ...options,
      indexes: {
        claim: ({ spec }) => (spec.claimRef?.name ? [`${spec.claimRef.namespace}/${spec.claimRef.name}`] : []),
        class: (volume) => [storageClassOf(volume)],
        attributesClass: ({ spec }) => (spec.volumeAttributesClassName ? [spec.volumeAttributesClassName] : []),
        node: ({ metadata }) => {
          const node = metadata.labels?.[VOLUME_NODE_LABEL]
          return node === undefined ? [] : [node]
        },
      },
    }),
    resourceQuotas: createInformer<ResourceQuota>(client, RESOURCE_QUOTAS, { ...options, indexes: { namespace: namespaceOf } }),
    podDisruptionBudgets: createInformer<PodDisruptionBudget>(client, POD_DISRUPTION_BUDGETS, {
      ...options,
      indexes: { namespace: namespaceOf },
    }),
    horizontalPodAutoscalers: createInformer<HorizontalPodAutoscaler>(client, HORIZONTAL_POD_AUTOSCALERS, options),
    storageClasses: createInformer<StorageClass>(client, STORAGE_CLASSES, options),
    volumeAttributesClasses: createInformer<VolumeAttributesClass>(client, VOLUME_ATTRIBUTES_CLASSES, options),
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

/** Keys of the claims that a pod uses. */
export function claimKeysOf(pod: Pod): string[] {
  return podClaims(pod).map(({ claimName }) => `${pod.metadata.namespace}/${claimName}`)
}

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

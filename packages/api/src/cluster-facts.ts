/**
 * What every component must know of the cluster it belongs to. The master writes it at each start into the ConfigMap
 * `kube-system/skiff-cluster`; agents read it once and keep a copy, so that they can start while the master is away.
 */
import { ApiError } from './errors.ts'
import type { ConfigMap } from './types.ts'

export interface ClusterFacts {
  /** uid of the namespace kube-system. */
  readonly clusterId: string
  readonly podCidr: string
  readonly serviceCidr: string
  /** The cluster DNS: the tenth address of the service range. */
  readonly dnsAddress: string
  readonly clusterDomain: string
}

export const CLUSTER_FACTS = { namespace: 'kube-system', name: 'skiff-cluster' } as const

const FIELDS = ['clusterId', 'podCidr', 'serviceCidr', 'dnsAddress', 'clusterDomain'] as const

export function clusterFactsOf(configMap: Pick<ConfigMap, 'data'>): ClusterFacts {
  const data = configMap.data ?? {}
  const missing = FIELDS.filter((field) => !data[field])
  if (missing.length > 0)
    throw new ApiError('InternalError', `ConfigMap ${CLUSTER_FACTS.namespace}/${CLUSTER_FACTS.name} lacks ${missing.join(', ')}`)
  return Object.fromEntries(FIELDS.map((field) => [field, data[field]])) as unknown as ClusterFacts
}

/**
 * Certificates begin so long before they are made: a host may take its local time for UTC, and it must still work with
 * the others.
 */
export const CERTIFICATE_BACKDATING_MS = 24 * 3_600_000

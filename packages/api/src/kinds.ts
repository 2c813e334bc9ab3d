/**
 * The built-in kinds by name: what a client needs to turn a kind into a path and what discovery says of it.
 * What the server does with a kind (defaults, validation, columns) stands in apiserver/resources/<kind>.
 */

export interface KindInfo {
  /** '' is the core group. */
  readonly group: string
  readonly version: string
  readonly kind: string
  /** Plural, lower case, as in paths. */
  readonly resource: string
  readonly singular: string
  readonly namespaced: boolean
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
}

type Extra = Partial<Pick<KindInfo, 'shortNames' | 'categories' | 'singular'>>

function kind(groupVersion: string, kind: string, resource: string, namespaced: boolean, extra: Extra = {}): KindInfo {
  const [version, group] = groupVersion.split('/').reverse() as [string, string | undefined]
  return {
    group: group ?? '',
    version,
    kind,
    resource,
    singular: kind.toLowerCase(),
    namespaced,
    shortNames: [],
    categories: [],
    ...extra,
  }
}

const all = { categories: ['all'] }

export const NAMESPACES = kind('v1', 'Namespace', 'namespaces', false, { shortNames: ['ns'] })
export const NODES = kind('v1', 'Node', 'nodes', false, { shortNames: ['no'] })
export const PODS = kind('v1', 'Pod', 'pods', true, { shortNames: ['po'], ...all })
export const SERVICES = kind('v1', 'Service', 'services', true, { shortNames: ['svc'], ...all })
export const ENDPOINTS = kind('v1', 'Endpoints', 'endpoints', true, { shortNames: ['ep'] })
export const CONFIG_MAPS = kind('v1', 'ConfigMap', 'configmaps', true, { shortNames: ['cm'] })
export const SECRETS = kind('v1', 'Secret', 'secrets', true)
export const SERVICE_ACCOUNTS = kind('v1', 'ServiceAccount', 'serviceaccounts', true, { shortNames: ['sa'] })
export const EVENTS = kind('v1', 'Event', 'events', true, { shortNames: ['ev'] })
export const DEPLOYMENTS = kind('apps/v1', 'Deployment', 'deployments', true, { shortNames: ['deploy'], ...all })
export const REPLICA_SETS = kind('apps/v1', 'ReplicaSet', 'replicasets', true, { shortNames: ['rs'], ...all })
export const ENDPOINT_SLICES = kind('discovery.k8s.io/v1', 'EndpointSlice', 'endpointslices', true)
export const LEASES = kind('coordination.k8s.io/v1', 'Lease', 'leases', true)
export const CERTIFICATE_SIGNING_REQUESTS = kind(
  'certificates.k8s.io/v1',
  'CertificateSigningRequest',
  'certificatesigningrequests',
  false,
  { shortNames: ['csr'] },
)
export const ROLES = kind('rbac.authorization.k8s.io/v1', 'Role', 'roles', true)
export const ROLE_BINDINGS = kind('rbac.authorization.k8s.io/v1', 'RoleBinding', 'rolebindings', true)
export const CLUSTER_ROLES = kind('rbac.authorization.k8s.io/v1', 'ClusterRole', 'clusterroles', false)
export const CLUSTER_ROLE_BINDINGS = kind('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding', 'clusterrolebindings', false)

export const BUILT_IN_KINDS: readonly KindInfo[] = [
  NAMESPACES,
  NODES,
  PODS,
  SERVICES,
  ENDPOINTS,
  CONFIG_MAPS,
  SECRETS,
  SERVICE_ACCOUNTS,
  EVENTS,
  DEPLOYMENTS,
  REPLICA_SETS,
  ENDPOINT_SLICES,
  LEASES,
  CERTIFICATE_SIGNING_REQUESTS,
  ROLES,
  ROLE_BINDINGS,
  CLUSTER_ROLES,
  CLUSTER_ROLE_BINDINGS,
]

/** `v1` or `apps/v1`, as an object's apiVersion says it. */
export function apiVersionOf(info: Pick<KindInfo, 'group' | 'version'>): string {
  return info.group === '' ? info.version : `${info.group}/${info.version}`
}

/** `pods` or `deployments.apps`, as error messages name a resource. */
export function qualifiedResource(info: Pick<KindInfo, 'group' | 'resource'>): string {
  return info.group === '' ? info.resource : `${info.resource}.${info.group}`
}

/** The REST path of a kind, of the objects of one namespace, or of one object. */
export function pathOf(info: KindInfo, namespace?: string, name?: string, subresource?: string): string {
  const root = info.group === '' ? `/api/${info.version}` : `/apis/${info.group}/${info.version}`
  const scope = namespace !== undefined && info.namespaced ? `/namespaces/${encodeURIComponent(namespace)}` : ''
  const object = name === undefined ? '' : `/${encodeURIComponent(name)}`
  return `${root}${scope}/${info.resource}${object}${subresource === undefined ? '' : `/${subresource}`}`
}

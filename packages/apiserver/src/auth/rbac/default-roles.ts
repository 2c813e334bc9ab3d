import type { ClusterRole, ClusterRoleBinding, Draft, PolicyRule } from '@skiff/api'
import {
  AUTHENTICATED_GROUP,
  BOOTSTRAPPERS_GROUP,
  MASTERS_GROUP,
  NODES_GROUP,
  SERVICE_ACCOUNTS_GROUP,
  UNAUTHENTICATED_GROUP,
} from '../users.ts'
import { NODE_RULES, PROXY_RULES, SCHEDULER_RULES } from './component-rules.ts'
import { ADMIN_RULES, EDIT_RULES, VIEW_RULES } from './user-facing-rules.ts'

const RBAC_GROUP = 'rbac.authorization.k8s.io'
const RBAC_VERSION = `${RBAC_GROUP}/v1`
const AGGREGATE_TO = 'rbac.authorization.k8s.io/aggregate-to-'

const HEALTH_PATHS = ['/healthz', '/livez', '/readyz', '/version', '/version/']
const DISCOVERY_PATHS = [
  '/api',
  '/api/*',
  '/apis',
  '/apis/*',
  ...HEALTH_PATHS.slice(0, 2),
  '/openapi',
  '/openapi/*',
  ...HEALTH_PATHS.slice(2),
]

interface DefaultClusterRole {
  readonly rules: readonly PolicyRule[]
  /** Takes in every role labelled for it: the suffix of the aggregation label. */
  readonly gathers?: 'admin' | 'edit' | 'view'
  readonly addsTo?: 'admin' | 'edit' | 'view'
  readonly groups?: readonly string[]
  readonly users?: readonly string[]
}

const rule = (apiGroups: string[], resources: string[], verbs: string[]): PolicyRule => ({ apiGroups, resources, verbs })

const DEFAULTS: Readonly<Record<string, DefaultClusterRole>> = {
  'cluster-admin': {
    rules: [rule(['*'], ['*'], ['*']), { nonResourceURLs: ['*'], verbs: ['*'] }],
    groups: [MASTERS_GROUP],
  },
  admin: { rules: [...ADMIN_RULES, ...EDIT_RULES, ...VIEW_RULES], gathers: 'admin' },
  edit: { rules: [...EDIT_RULES, ...VIEW_RULES], gathers: 'edit', addsTo: 'admin' },
  view: { rules: VIEW_RULES, gathers: 'view', addsTo: 'edit' },
  'system:aggregate-to-admin': { rules: ADMIN_RULES, addsTo: 'admin' },
  'system:aggregate-to-edit': { rules: EDIT_RULES, addsTo: 'edit' },
  'system:aggregate-to-view': { rules: VIEW_RULES, addsTo: 'view' },
  'system:discovery': { rules: [{ nonResourceURLs: DISCOVERY_PATHS, verbs: ['get'] }], groups: [AUTHENTICATED_GROUP] },
  'system:public-info-viewer': {
    // A joining host fetches the CA before it has any credentials, and compares its hash.
    rules: [{ nonResourceURLs: [...HEALTH_PATHS, '/cacerts'], verbs: ['get'] }],
    groups: [AUTHENTICATED_GROUP, UNAUTHENTICATED_GROUP],
  },
  'system:basic-user': {
    rules: [
      rule(['authorization.k8s.io'], ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'], ['create']),
      rule(['authentication.k8s.io'], ['selfsubjectreviews'], ['create']),
    ],
    groups: [AUTHENTICATED_GROUP],
  },
  'system:service-account-issuer-discovery': {
    rules: [
      {
        nonResourceURLs: [
          '/.well-known/openid-configuration',
          '/.well-known/openid-configuration/',
          '/openid/v1/jwks',
          '/openid/v1/jwks/',
        ],
        verbs: ['get'],
      },
    ],
    groups: [SERVICE_ACCOUNTS_GROUP],
  },
  'system:monitoring': {
    rules: [
      { nonResourceURLs: ['/healthz', '/healthz/*', '/livez', '/livez/*', '/metrics', '/readyz', '/readyz/*'], verbs: ['get'] },
    ],
    groups: ['system:monitoring'],
  },
  'system:auth-delegator': {
    rules: [
      rule(['authentication.k8s.io'], ['tokenreviews'], ['create']),
      rule(['authorization.k8s.io'], ['subjectaccessreviews'], ['create']),
    ],
  },
  // Upstream has a Node authorizer beside RBAC and binds this role to nobody; here admission (node-restriction.ts)
  // narrows what the role gives to the node's own objects.
  'system:node': { rules: NODE_RULES, groups: [NODES_GROUP] },
  'system:node-proxier': { rules: PROXY_RULES, users: ['system:kube-proxy'] },
  'system:node-bootstrapper': {
    rules: [rule(['certificates.k8s.io'], ['certificatesigningrequests'], ['create', 'get', 'list', 'watch'])],
    groups: [BOOTSTRAPPERS_GROUP],
  },
  'system:kube-scheduler': { rules: SCHEDULER_RULES, users: ['system:kube-scheduler'] },
}

/** The cluster roles that every cluster has from its first start. */
export function defaultClusterRoles(): Draft<ClusterRole>[] {
  return Object.entries(DEFAULTS).map(([name, { rules, gathers, addsTo }]) => {
    const metadata = defaultMetadata(name, addsTo === undefined ? {} : { [AGGREGATE_TO + addsTo]: 'true' })
    const aggregation = gathers && { clusterRoleSelectors: [{ matchLabels: { [AGGREGATE_TO + gathers]: 'true' } }] }
    return {
      apiVersion: RBAC_VERSION,
      kind: 'ClusterRole',
      metadata,
      rules: [...rules],
      ...(aggregation === undefined ? {} : { aggregationRule: aggregation }),
    }
  })
}

/** Each role's binding carries the role's name, as upstream's do. */
export function defaultClusterRoleBindings(): Draft<ClusterRoleBinding>[] {
  return Object.entries(DEFAULTS).flatMap(([name, { groups = [], users = [] }]) => {
    const subjects = [
      ...groups.map((group) => ({ apiGroup: RBAC_GROUP, kind: 'Group', name: group })),
      ...users.map((user) => ({ apiGroup: RBAC_GROUP, kind: 'User', name: user })),
    ]
    if (subjects.length === 0) return []
    const roleRef = { apiGroup: RBAC_GROUP, kind: 'ClusterRole', name }
    return [{ apiVersion: RBAC_VERSION, kind: 'ClusterRoleBinding', metadata: defaultMetadata(name, {}), roleRef, subjects }]
  })
}

function defaultMetadata(name: string, labels: Readonly<Record<string, string>>) {
  return {
    name,
    labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults', ...labels },
    annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'true' },
  }
}

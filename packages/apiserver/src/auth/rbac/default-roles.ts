import type { ClusterRole, ClusterRoleBinding, Draft, PolicyRule } from '@skiff/api'
import {
  AUTHENTICATED_GROUP,
  BOOTSTRAPPERS_GROUP,
  MASTERS_GROUP,
  SERVICE_ACCOUNTS_GROUP,
  UNAUTHENTICATED_GROUP,
} from '../users.ts'
import {
  ADD_ON_RULES,
  CONTROLLER_MANAGER_RULES,
  DNS_RULES,
  NODE_RULES,
  PROXY_RULES,
  SCHEDULER_RULES,
  VOLUME_SCHEDULER_RULES,
} from './component-rules.ts'
import { CONTROLLER_RULES } from './controller-rules.ts'
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
  /** Absent for those that gather theirs. */
  readonly rules?: readonly PolicyRule[]
  /** Takes in every role labelled for it: the suffix of the aggregation label. */
  readonly gathers?: 'admin' | 'edit' | 'view'
  readonly addsTo?: 'admin' | 'edit' | 'view'
  readonly groups?: readonly string[]
  readonly users?: readonly string[]
  /** ServiceAccounts in kube-system. */
  readonly accounts?: readonly string[]
  /** Has a binding, to nobody: for who wants to add subjects. */
  readonly boundToNobody?: true
}

const rule = (apiGroups: string[], resources: string[], verbs: string[]): PolicyRule => ({ apiGroups, resources, verbs })

const NAMED: Readonly<Record<string, DefaultClusterRole>> = {
  'cluster-admin': {
    rules: [rule(['*'], ['*'], ['*']), { nonResourceURLs: ['*'], verbs: ['*'] }],
    groups: [MASTERS_GROUP],
  },
  admin: { gathers: 'admin' },
  edit: { gathers: 'edit', addsTo: 'admin' },
  view: { gathers: 'view', addsTo: 'edit' },
  'system:aggregate-to-admin': { rules: ADMIN_RULES, addsTo: 'admin' },
  'system:aggregate-to-edit': { rules: EDIT_RULES, addsTo: 'edit' },
  'system:aggregate-to-view': { rules: VIEW_RULES, addsTo: 'view' },
  // As metrics-server brings it.
  'system:aggregated-metrics-reader': {
    rules: [rule(['metrics.k8s.io'], ['nodes', 'pods'], ['get', 'list', 'watch'])],
    addsTo: 'view',
  },
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
      {
        nonResourceURLs: ['/healthz', '/healthz/*', '/livez', '/livez/*', '/metrics', '/metrics/slis', '/readyz', '/readyz/*'],
        verbs: ['get'],
      },
    ],
    groups: ['system:monitoring'],
  },
  'system:auth-delegator': {
    rules: [
      rule(['authentication.k8s.io'], ['tokenreviews'], ['create']),
      rule(['authorization.k8s.io'], ['subjectaccessreviews'], ['create']),
    ],
  },
  // Nodes have it by the node authorizer, narrowed to what is theirs.
  'system:node': { rules: NODE_RULES, boundToNobody: true },
  'system:node-proxier': { rules: PROXY_RULES, users: ['system:kube-proxy'] },
  'system:node-bootstrapper': {
    rules: [rule(['certificates.k8s.io'], ['certificatesigningrequests'], ['create', 'get', 'list', 'watch'])],
    groups: [BOOTSTRAPPERS_GROUP],
  },
  'system:kube-scheduler': { rules: SCHEDULER_RULES, users: ['system:kube-scheduler'] },
  'system:volume-scheduler': { rules: VOLUME_SCHEDULER_RULES, users: ['system:kube-scheduler'] },
  'system:kube-controller-manager': { rules: CONTROLLER_MANAGER_RULES, users: ['system:kube-controller-manager'] },
  'system:kube-dns': { rules: DNS_RULES, accounts: ['kube-dns'] },
}

const DEFAULTS: Readonly<Record<string, DefaultClusterRole>> = {
  ...NAMED,
  ...Object.fromEntries(Object.entries(ADD_ON_RULES).map(([name, rules]) => [name, { rules }])),
  ...Object.fromEntries(CONTROLLER_RULES.map(([name, rules]) => [`system:controller:${name}`, { rules, accounts: [name] }])),
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
      ...(rules === undefined ? {} : { rules: [...rules] }),
      ...(aggregation === undefined ? {} : { aggregationRule: aggregation }),
    }
  })
}

/** Each role's binding carries the role's name, as upstream's do. */
export function defaultClusterRoleBindings(): Draft<ClusterRoleBinding>[] {
  return Object.entries(DEFAULTS).flatMap(([name, { groups = [], users = [], accounts = [], boundToNobody }]) => {
    const subjects = [
      ...groups.map((group) => ({ apiGroup: RBAC_GROUP, kind: 'Group', name: group })),
      ...users.map((user) => ({ apiGroup: RBAC_GROUP, kind: 'User', name: user })),
      ...accounts.map((account) => ({ kind: 'ServiceAccount', name: account, namespace: 'kube-system' })),
    ]
    if (subjects.length === 0 && boundToNobody === undefined) return []
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

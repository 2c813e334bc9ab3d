/** What the roles view, edit and admin add, each to the one before it, as upstream grants it (user-facing roles of RBAC). */

import type { PolicyRule } from '@skiff/api'

const READ = ['get', 'list', 'watch']
const WRITE = ['create', 'delete', 'deletecollection', 'patch', 'update']

interface Granted {
  /** Read by `view`. */
  readonly readable: readonly string[]
  /** Written by `edit`. */
  readonly writable: readonly string[]
}

const BY_GROUP: Readonly<Record<string, Granted>> = {
  '': {
    readable: [
      'bindings',
      'configmaps',
      'endpoints',
      'events',
      'limitranges',
      'namespaces',
      'namespaces/status',
      'persistentvolumeclaims',
      'persistentvolumeclaims/status',
      'pods',
      'pods/log',
      'pods/status',
      'replicationcontrollers',
      'replicationcontrollers/scale',
      'replicationcontrollers/status',
      'resourcequotas',
      'resourcequotas/status',
      'serviceaccounts',
      'services',
      'services/status',
    ],
    writable: [
      'configmaps',
      'events',
      'persistentvolumeclaims',
      'pods',
      'pods/attach',
      'pods/exec',
      'pods/portforward',
      'pods/proxy',
      'replicationcontrollers',
      'replicationcontrollers/scale',
      'secrets',
      'serviceaccounts',
      'services',
      'services/proxy',
    ],
  },
  apps: {
    readable: [
      'controllerrevisions',
      'daemonsets',
      'daemonsets/status',
      'deployments',
      'deployments/scale',
      'deployments/status',
      'replicasets',
      'replicasets/scale',
      'replicasets/status',
      'statefulsets',
      'statefulsets/scale',
      'statefulsets/status',
    ],
    writable: [
      'daemonsets',
      'deployments',
      'deployments/rollback',
      'deployments/scale',
      'replicasets',
      'replicasets/scale',
      'statefulsets',
      'statefulsets/scale',
    ],
  },
  autoscaling: {
    readable: ['horizontalpodautoscalers', 'horizontalpodautoscalers/status'],
    writable: ['horizontalpodautoscalers'],
  },
  batch: { readable: ['cronjobs', 'cronjobs/status', 'jobs', 'jobs/status'], writable: ['cronjobs', 'jobs'] },
  'coordination.k8s.io': { readable: [], writable: ['leases'] },
  'discovery.k8s.io': { readable: ['endpointslices'], writable: [] },
  'networking.k8s.io': {
    readable: ['ingresses', 'ingresses/status', 'networkpolicies'],
    writable: ['ingresses', 'networkpolicies'],
  },
  policy: { readable: ['poddisruptionbudgets', 'poddisruptionbudgets/status'], writable: ['poddisruptionbudgets'] },
}

export const VIEW_RULES: readonly PolicyRule[] = rulesFor('readable', READ)

export const EDIT_RULES: readonly PolicyRule[] = [
  {
    apiGroups: [''],
    resources: ['pods/attach', 'pods/exec', 'pods/portforward', 'pods/proxy', 'secrets', 'services/proxy'],
    verbs: READ,
  },
  { apiGroups: [''], resources: ['serviceaccounts'], verbs: ['impersonate'] },
  { apiGroups: [''], resources: ['pods/eviction', 'serviceaccounts/token'], verbs: ['create'] },
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: READ },
  ...rulesFor('writable', WRITE),
]

export const ADMIN_RULES: readonly PolicyRule[] = [
  { apiGroups: ['authorization.k8s.io'], resources: ['localsubjectaccessreviews'], verbs: ['create'] },
  { apiGroups: ['rbac.authorization.k8s.io'], resources: ['rolebindings', 'roles'], verbs: [...READ, ...WRITE].sort() },
]

function rulesFor(list: keyof Granted, verbs: string[]): PolicyRule[] {
  return Object.entries(BY_GROUP)
    .filter(([, granted]) => granted[list].length > 0)
    .map(([group, granted]) => ({ apiGroups: [group], resources: [...granted[list]], verbs }))
}

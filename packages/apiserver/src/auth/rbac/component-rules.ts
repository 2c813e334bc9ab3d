import type { PolicyRule } from '@skiff/api'
import { EVENTS_LINE, READ, ruleOfLine } from './rule-line.ts'

/** A host's proxy: it reads what it routes and names. */
export const PROXY_RULES: readonly PolicyRule[] = [
  `${READ} core endpoints,services,nodes`,
  `${READ} discovery.k8s.io endpointslices`,
  `${READ} networking.k8s.io ingresses,ingressclasses`,
  EVENTS_LINE,
].map(ruleOfLine)

/** A host's agent, and the proxy that it starts, which uses the same identity: what no node may do goes beyond this. */
export const NODE_RULES: readonly PolicyRule[] = [
  ...[
    'create authentication.k8s.io tokenreviews',
    'create authorization.k8s.io localsubjectaccessreviews,subjectaccessreviews',
    `create,${READ},patch,update core nodes`,
    'patch,update core nodes/status',
    `create,delete,${READ} core pods`,
    'patch,update core pods/status',
    'create core pods/eviction',
    `${READ} core configmaps,secrets`,
    'get core serviceaccounts',
    'create core serviceaccounts/token',
    'get core persistentvolumeclaims,persistentvolumes',
    'get,patch,update core persistentvolumeclaims/status',
    'get storage.k8s.io volumeattachments',
    `create,${READ} certificates.k8s.io certificatesigningrequests`,
    'create,delete,get,patch,update coordination.k8s.io leases',
    `${READ} node.k8s.io runtimeclasses`,
    `${READ} storage.k8s.io csidrivers`,
    'create,delete,get,patch,update storage.k8s.io csinodes',
    // The cluster's DNS knows which namespaces there are.
    `${READ} core namespaces`,
  ].map(ruleOfLine),
  ...PROXY_RULES,
  // The liveness stream (its own name is checked there) and the question whether all proxies have seen a revision.
  { nonResourceURLs: ['/skiff/v1/nodes/*', '/skiff/v1/endpoints-acknowledged'], verbs: ['get'] },
]

export const SCHEDULER_RULES: readonly PolicyRule[] = [
  EVENTS_LINE,
  'create coordination.k8s.io leases',
  'get,update coordination.k8s.io leases kube-scheduler',
  `${READ} core nodes`,
  `delete,${READ} core pods`,
  'create core bindings,pods/binding',
  'patch,update core pods/status',
  `${READ} core replicationcontrollers,services`,
  `${READ} apps,extensions replicasets`,
  `${READ} apps statefulsets`,
  `${READ} policy poddisruptionbudgets`,
  `${READ} core persistentvolumeclaims,persistentvolumes`,
  'create authentication.k8s.io tokenreviews',
  'create authorization.k8s.io subjectaccessreviews',
  `${READ} storage.k8s.io csinodes`,
  `${READ} core namespaces`,
  `${READ} storage.k8s.io csidrivers`,
  `${READ} storage.k8s.io csistoragecapacities`,
].map(ruleOfLine)

/** Upstream's controllers as one process, before each takes an account of its own. */
export const CONTROLLER_MANAGER_RULES: readonly PolicyRule[] = [
  EVENTS_LINE,
  'create coordination.k8s.io leases',
  'get,update coordination.k8s.io leases kube-controller-manager',
  'create core secrets,serviceaccounts',
  'delete core secrets',
  'get core configmaps,namespaces,secrets,serviceaccounts',
  'update core secrets,serviceaccounts',
  'create authentication.k8s.io tokenreviews',
  'create authorization.k8s.io subjectaccessreviews',
  'list,watch * *',
  'create core serviceaccounts/token',
].map(ruleOfLine)

/** What add-ons of a cluster bind to: by the name of the role. */
export const ADD_ON_RULES: Readonly<Record<string, readonly PolicyRule[]>> = rulesByName({
  'system:heapster': [`${READ} core events,namespaces,nodes,pods`, `${READ} extensions deployments`],
  'system:kube-aggregator': [`${READ} core endpoints,services`],
  'system:kubelet-api-admin': [
    `${READ} core nodes`,
    'proxy core nodes',
    '* core nodes/configz,nodes/healthz,nodes/log,nodes/metrics,nodes/pods,nodes/proxy,nodes/stats',
  ],
  'system:node-problem-detector': ['get core nodes', 'patch core nodes/status', EVENTS_LINE],
  'system:persistent-volume-provisioner': [
    'create,delete,get,list,watch core persistentvolumes',
    'get,list,update,watch core persistentvolumeclaims',
    `${READ} storage.k8s.io storageclasses`,
    'watch core events',
    EVENTS_LINE,
  ],
  'system:certificates.k8s.io:certificatesigningrequests:nodeclient': [
    'create certificates.k8s.io certificatesigningrequests/nodeclient',
  ],
  'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient': [
    'create certificates.k8s.io certificatesigningrequests/selfnodeclient',
  ],
  'system:certificates.k8s.io:kube-apiserver-client-approver': [
    'approve certificates.k8s.io signers kubernetes.io/kube-apiserver-client',
  ],
  'system:certificates.k8s.io:kube-apiserver-client-kubelet-approver': [
    'approve certificates.k8s.io signers kubernetes.io/kube-apiserver-client-kubelet',
  ],
  'system:certificates.k8s.io:kubelet-serving-approver': ['approve certificates.k8s.io signers kubernetes.io/kubelet-serving'],
  'system:certificates.k8s.io:legacy-unknown-approver': ['approve certificates.k8s.io signers kubernetes.io/legacy-unknown'],
})

export const VOLUME_SCHEDULER_RULES: readonly PolicyRule[] = [
  'get,list,patch,update,watch core persistentvolumes',
  `${READ} storage.k8s.io storageclasses`,
  'get,list,patch,update,watch core persistentvolumeclaims',
].map(ruleOfLine)

export const DNS_RULES: readonly PolicyRule[] = [
  'list,watch core endpoints,services',
  `${READ} discovery.k8s.io endpointslices`,
].map(ruleOfLine)

function rulesByName(lines: Readonly<Record<string, readonly string[]>>): Record<string, readonly PolicyRule[]> {
  return Object.fromEntries(Object.entries(lines).map(([name, own]) => [name, own.map(ruleOfLine)]))
}

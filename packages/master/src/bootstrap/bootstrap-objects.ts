import {
  CLUSTER_FACTS,
  CLUSTER_ROLE_BINDINGS,
  CLUSTER_ROLES,
  type ClusterFacts,
  CONFIG_MAPS,
  ENDPOINT_SLICES,
  ENDPOINTS,
  FLOW_SCHEMAS,
  type KindInfo,
  LOCAL_PROVISIONER,
  NAMESPACES,
  PRIORITY_CLASSES,
  PRIORITY_LEVEL_CONFIGURATIONS,
  ROLE_BINDINGS,
  ROLES,
  SERVICE_CIDRS,
  SERVICES,
  STORAGE_CLASSES,
} from '@skiff/api'
import {
  defaultClusterRoleBindings,
  defaultClusterRoles,
  defaultFlowSchemas,
  defaultPriorityLevels,
  SYSTEM_PRIORITY_CLASSES,
} from '@skiff/apiserver'
import { addressInRange } from '../network/address-ranges.ts'

export interface BootstrapObject {
  readonly info: KindInfo
  readonly object: { readonly metadata?: { readonly name?: string; readonly namespace?: string } }
  /** Fields that are brought back to what they are here at each start. */
  readonly keep: readonly string[]
}

export interface BootstrapOptions {
  readonly serviceCidr: string
  readonly advertiseAddress: string
  readonly port: number
}

/** What every cluster holds before anybody writes anything, in an order in which it can be created. */
export function bootstrapObjects({ serviceCidr, advertiseAddress, port }: BootstrapOptions): BootstrapObject[] {
  const namespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease'].map((name) => ({
    info: NAMESPACES,
    object: { metadata: { name } },
    keep: [],
  }))
  const roles = defaultClusterRoles().map((object) => ({ info: CLUSTER_ROLES, object, keep: ['rules', 'aggregationRule'] }))
  const bindings = defaultClusterRoleBindings().map((object) => ({ info: CLUSTER_ROLE_BINDINGS, object, keep: ['subjects'] }))
  return [
    ...namespaces,
    ...roles,
    ...bindings,
    ...factsForNodes(),
    // What somebody changed of them stays: they are suggestions, and the two that are none hold without objects.
    ...defaultPriorityLevels().map((object) => ({ info: PRIORITY_LEVEL_CONFIGURATIONS, object, keep: [] })),
    ...defaultFlowSchemas().map((object) => ({ info: FLOW_SCHEMAS, object, keep: [] })),
    ...SYSTEM_PRIORITY_CLASSES.map((object) => ({ info: PRIORITY_CLASSES, object, keep: [] })),
    { info: STORAGE_CLASSES, object: LOCAL_STORAGE_CLASS, keep: [] },
    { info: SERVICE_CIDRS, object: defaultServiceCidr(serviceCidr), keep: [] },
    { info: SERVICES, object: apiService(serviceCidr, port), keep: ['spec'] },
    ...apiAddresses(advertiseAddress, port),
  ]
}

/** Every node may read what it must know of its cluster, whatever its pods need. */
function factsForNodes(): BootstrapObject[] {
  const metadata = { name: 'skiff:cluster-facts', namespace: CLUSTER_FACTS.namespace }
  const rules = [{ apiGroups: [''], resources: ['configmaps'], resourceNames: [CLUSTER_FACTS.name], verbs: ['get'] }]
  const apiGroup = 'rbac.authorization.k8s.io'
  const roleRef = { apiGroup, kind: 'Role', name: metadata.name }
  const subjects = [{ apiGroup, kind: 'Group', name: 'system:nodes' }]
  return [
    { info: ROLES, object: { metadata, rules } as BootstrapObject['object'], keep: ['rules'] },
    { info: ROLE_BINDINGS, object: { metadata, roleRef, subjects } as BootstrapObject['object'], keep: ['subjects'] },
  ]
}

/** What a claim gets that names no class: a directory on the node of its first pod. Its owner may make another the default. */
const LOCAL_STORAGE_CLASS = {
  metadata: { name: 'local', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
  provisioner: LOCAL_PROVISIONER,
  reclaimPolicy: 'Delete',
  volumeBindingMode: 'WaitForFirstConsumer',
  allowVolumeExpansion: true,
}

/** A master that is only reachable on its own machine has no address that would mean anything to a pod. */
function apiAddresses(address: string, port: number): BootstrapObject[] {
  if (address.startsWith('127.')) return []
  return [
    { info: ENDPOINTS, object: apiEndpoints(address, port), keep: ['subsets'] },
    { info: ENDPOINT_SLICES, object: apiEndpointSlice(address, port), keep: ['endpoints', 'ports'] },
  ]
}

/** Where Services get their addresses from, by the name that clients look for. */
function defaultServiceCidr(serviceCidr: string) {
  return { metadata: { name: 'kubernetes' }, spec: { cidrs: [serviceCidr] } }
}

/** The API server as pods reach it: `kubernetes.default.svc`, the first address of the range. */
function apiService(serviceCidr: string, port: number) {
  return {
    metadata: { name: 'kubernetes', namespace: 'default', labels: { component: 'apiserver', provider: 'kubernetes' } },
    spec: {
      type: 'ClusterIP',
      clusterIP: addressInRange(serviceCidr, 1),
      ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: port }],
    },
  }
}

function apiEndpoints(address: string, port: number) {
  return {
    metadata: { name: 'kubernetes', namespace: 'default', labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
    subsets: [{ addresses: [{ ip: address }], ports: [{ name: 'https', port, protocol: 'TCP' }] }],
  }
}

function apiEndpointSlice(address: string, port: number) {
  return {
    metadata: { name: 'kubernetes', namespace: 'default', labels: { 'kubernetes.io/service-name': 'kubernetes' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
    ports: [{ name: 'https', port, protocol: 'TCP' }],
  }
}

/** What agents must know of the cluster. Written when kube-system, whose uid is the cluster's id, is there. */
export function clusterFactsObject(facts: ClusterFacts): BootstrapObject {
  return {
    info: CONFIG_MAPS,
    object: { metadata: { ...CLUSTER_FACTS }, data: { ...facts } } as BootstrapObject['object'],
    keep: ['data'],
  }
}

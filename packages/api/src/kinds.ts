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
const apiExtension = { categories: ['api-extensions'] }

// core
export const NAMESPACES = kind('v1', 'Namespace', 'namespaces', false, { shortNames: ['ns'] })
export const NODES = kind('v1', 'Node', 'nodes', false, { shortNames: ['no'] })
export const PODS = kind('v1', 'Pod', 'pods', true, { shortNames: ['po'], ...all })
export const POD_TEMPLATES = kind('v1', 'PodTemplate', 'podtemplates', true)
export const REPLICATION_CONTROLLERS = kind('v1', 'ReplicationController', 'replicationcontrollers', true, {
  shortNames: ['rc'],
  ...all,
})
export const SERVICES = kind('v1', 'Service', 'services', true, { shortNames: ['svc'], ...all })
export const ENDPOINTS = kind('v1', 'Endpoints', 'endpoints', true, { shortNames: ['ep'] })
export const COMPONENT_STATUSES = kind('v1', 'ComponentStatus', 'componentstatuses', false, { shortNames: ['cs'] })
export const CONFIG_MAPS = kind('v1', 'ConfigMap', 'configmaps', true, { shortNames: ['cm'] })
export const SECRETS = kind('v1', 'Secret', 'secrets', true)
export const SERVICE_ACCOUNTS = kind('v1', 'ServiceAccount', 'serviceaccounts', true, { shortNames: ['sa'] })
export const PERSISTENT_VOLUMES = kind('v1', 'PersistentVolume', 'persistentvolumes', false, { shortNames: ['pv'] })
export const PERSISTENT_VOLUME_CLAIMS = kind('v1', 'PersistentVolumeClaim', 'persistentvolumeclaims', true, {
  shortNames: ['pvc'],
})
export const LIMIT_RANGES = kind('v1', 'LimitRange', 'limitranges', true, { shortNames: ['limits'] })
export const RESOURCE_QUOTAS = kind('v1', 'ResourceQuota', 'resourcequotas', true, { shortNames: ['quota'] })
export const EVENTS = kind('v1', 'Event', 'events', true, { shortNames: ['ev'] })
/** Answered and not stored: what gives a pod its node. */
export const BINDINGS = kind('v1', 'Binding', 'bindings', true)
/** The same objects under their newer name. */
export const EVENTS_V1 = kind('events.k8s.io/v1', 'Event', 'events', true, { shortNames: ['ev'] })

/** Answered and not stored too: who somebody is, and what they may. */
export const TOKEN_REVIEWS = kind('authentication.k8s.io/v1', 'TokenReview', 'tokenreviews', false)
export const SUBJECT_ACCESS_REVIEWS = kind('authorization.k8s.io/v1', 'SubjectAccessReview', 'subjectaccessreviews', false)
/** What nodes and pods use now, as their agents say. */
export const NODE_METRICS = kind('metrics.k8s.io/v1beta1', 'NodeMetrics', 'nodes', false, { singular: '' })
export const POD_METRICS = kind('metrics.k8s.io/v1beta1', 'PodMetrics', 'pods', true, { singular: '' })

// workloads
export const DEPLOYMENTS = kind('apps/v1', 'Deployment', 'deployments', true, { shortNames: ['deploy'], ...all })
export const REPLICA_SETS = kind('apps/v1', 'ReplicaSet', 'replicasets', true, { shortNames: ['rs'], ...all })
export const STATEFUL_SETS = kind('apps/v1', 'StatefulSet', 'statefulsets', true, { shortNames: ['sts'], ...all })
export const DAEMON_SETS = kind('apps/v1', 'DaemonSet', 'daemonsets', true, { shortNames: ['ds'], ...all })
export const CONTROLLER_REVISIONS = kind('apps/v1', 'ControllerRevision', 'controllerrevisions', true)
export const JOBS = kind('batch/v1', 'Job', 'jobs', true, all)
export const CRON_JOBS = kind('batch/v1', 'CronJob', 'cronjobs', true, { shortNames: ['cj'], ...all })
export const HORIZONTAL_POD_AUTOSCALERS = autoscalers('v2')
export const HORIZONTAL_POD_AUTOSCALERS_V1 = autoscalers('v1')
export const POD_DISRUPTION_BUDGETS = kind('policy/v1', 'PodDisruptionBudget', 'poddisruptionbudgets', true, {
  shortNames: ['pdb'],
})
export const PRIORITY_CLASSES = kind('scheduling.k8s.io/v1', 'PriorityClass', 'priorityclasses', false, { shortNames: ['pc'] })
export const RUNTIME_CLASSES = kind('node.k8s.io/v1', 'RuntimeClass', 'runtimeclasses', false)

// network
export const ENDPOINT_SLICES = kind('discovery.k8s.io/v1', 'EndpointSlice', 'endpointslices', true)
export const INGRESSES = kind('networking.k8s.io/v1', 'Ingress', 'ingresses', true, { shortNames: ['ing'] })
export const INGRESS_CLASSES = kind('networking.k8s.io/v1', 'IngressClass', 'ingressclasses', false)
export const NETWORK_POLICIES = kind('networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies', true, { shortNames: ['netpol'] })
export const IP_ADDRESSES = kind('networking.k8s.io/v1', 'IPAddress', 'ipaddresses', false, { shortNames: ['ip'] })
export const SERVICE_CIDRS = kind('networking.k8s.io/v1', 'ServiceCIDR', 'servicecidrs', false)

// storage
export const STORAGE_CLASSES = kind('storage.k8s.io/v1', 'StorageClass', 'storageclasses', false, { shortNames: ['sc'] })
export const VOLUME_ATTACHMENTS = kind('storage.k8s.io/v1', 'VolumeAttachment', 'volumeattachments', false)
export const VOLUME_ATTRIBUTES_CLASSES = kind('storage.k8s.io/v1', 'VolumeAttributesClass', 'volumeattributesclasses', false, {
  shortNames: ['vac'],
})
export const CSI_DRIVERS = kind('storage.k8s.io/v1', 'CSIDriver', 'csidrivers', false)
export const CSI_NODES = kind('storage.k8s.io/v1', 'CSINode', 'csinodes', false)
export const CSI_STORAGE_CAPACITIES = kind('storage.k8s.io/v1', 'CSIStorageCapacity', 'csistoragecapacities', true)

// the cluster itself
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
export const VALIDATING_WEBHOOK_CONFIGURATIONS = admission('ValidatingWebhookConfiguration', 'validatingwebhookconfigurations')
export const MUTATING_WEBHOOK_CONFIGURATIONS = admission('MutatingWebhookConfiguration', 'mutatingwebhookconfigurations')
export const VALIDATING_ADMISSION_POLICIES = admission('ValidatingAdmissionPolicy', 'validatingadmissionpolicies')
export const VALIDATING_ADMISSION_POLICY_BINDINGS = admission(
  'ValidatingAdmissionPolicyBinding',
  'validatingadmissionpolicybindings',
)
export const MUTATING_ADMISSION_POLICIES = admission('MutatingAdmissionPolicy', 'mutatingadmissionpolicies')
export const MUTATING_ADMISSION_POLICY_BINDINGS = admission('MutatingAdmissionPolicyBinding', 'mutatingadmissionpolicybindings')
export const CUSTOM_RESOURCE_DEFINITIONS = kind(
  'apiextensions.k8s.io/v1',
  'CustomResourceDefinition',
  'customresourcedefinitions',
  false,
  { shortNames: ['crd', 'crds'], ...apiExtension },
)
export const API_SERVICES = kind('apiregistration.k8s.io/v1', 'APIService', 'apiservices', false, apiExtension)
export const FLOW_SCHEMAS = kind('flowcontrol.apiserver.k8s.io/v1', 'FlowSchema', 'flowschemas', false)
export const PRIORITY_LEVEL_CONFIGURATIONS = kind(
  'flowcontrol.apiserver.k8s.io/v1',
  'PriorityLevelConfiguration',
  'prioritylevelconfigurations',
  false,
)

function autoscalers(version: string): KindInfo {
  return kind(`autoscaling/${version}`, 'HorizontalPodAutoscaler', 'horizontalpodautoscalers', true, {
    shortNames: ['hpa'],
    ...all,
  })
}

function admission(name: string, resource: string): KindInfo {
  return kind('admissionregistration.k8s.io/v1', name, resource, false, apiExtension)
}

export const BUILT_IN_KINDS: readonly KindInfo[] = [
  NAMESPACES,
  NODES,
  PODS,
  POD_TEMPLATES,
  REPLICATION_CONTROLLERS,
  SERVICES,
  ENDPOINTS,
  CONFIG_MAPS,
  SECRETS,
  SERVICE_ACCOUNTS,
  PERSISTENT_VOLUMES,
  PERSISTENT_VOLUME_CLAIMS,
  LIMIT_RANGES,
  RESOURCE_QUOTAS,
  EVENTS,
  EVENTS_V1,
  DEPLOYMENTS,
  REPLICA_SETS,
  STATEFUL_SETS,
  DAEMON_SETS,
  CONTROLLER_REVISIONS,
  JOBS,
  CRON_JOBS,
  HORIZONTAL_POD_AUTOSCALERS,
  HORIZONTAL_POD_AUTOSCALERS_V1,
  POD_DISRUPTION_BUDGETS,
  PRIORITY_CLASSES,
  RUNTIME_CLASSES,
  ENDPOINT_SLICES,
  INGRESSES,
  INGRESS_CLASSES,
  NETWORK_POLICIES,
  IP_ADDRESSES,
  SERVICE_CIDRS,
  STORAGE_CLASSES,
  VOLUME_ATTACHMENTS,
  VOLUME_ATTRIBUTES_CLASSES,
  CSI_DRIVERS,
  CSI_NODES,
  CSI_STORAGE_CAPACITIES,
  LEASES,
  CERTIFICATE_SIGNING_REQUESTS,
  ROLES,
  ROLE_BINDINGS,
  CLUSTER_ROLES,
  CLUSTER_ROLE_BINDINGS,
  VALIDATING_WEBHOOK_CONFIGURATIONS,
  MUTATING_WEBHOOK_CONFIGURATIONS,
  VALIDATING_ADMISSION_POLICIES,
  VALIDATING_ADMISSION_POLICY_BINDINGS,
  MUTATING_ADMISSION_POLICIES,
  MUTATING_ADMISSION_POLICY_BINDINGS,
  CUSTOM_RESOURCE_DEFINITIONS,
  API_SERVICES,
  FLOW_SCHEMAS,
  PRIORITY_LEVEL_CONFIGURATIONS,
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

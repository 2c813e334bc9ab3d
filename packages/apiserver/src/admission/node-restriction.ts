import {
  DIRECTORY_MADE,
  forbidden,
  type KubeObject,
  LOCAL_DATA_FINALIZER,
  type Node,
  type PersistentVolumeClaim,
  PODS,
  type Pod,
  qualifiedResource,
} from '@skiff/api'
import { nodeNameOf } from '../auth/users.ts'
import type { AdmissionRequest } from '../http/request-context.ts'
import { jsonEquals } from '../patch/json-value.ts'
import type { ObjectReader } from '../registry/resource-definition.ts'

const LEASE_NAMESPACE = 'kube-node-lease'
const MIRROR_ANNOTATION = 'kubernetes.io/config.mirror'
/** Labels by which an administrator fences off nodes; a node that could set them on itself would undo that. */
const RESERVED_LABEL_PREFIX = 'node-restriction.kubernetes.io/'
/** Of Kubernetes' own labels those that a node says of itself. */
const OWN_LABELS: ReadonlySet<string> = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/instance-type',
  'node.kubernetes.io/instance-type',
  'failure-domain.beta.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
])
const OWN_LABEL_DOMAINS = ['kubelet.kubernetes.io', 'node.kubernetes.io']

/** A node's agent writes its own Node, its own Lease and the pods that run on it, nothing of the others' (NodeRestriction). */
export function refuseForeignNodeWrite(request: AdmissionRequest, objects: ObjectReader): void {
  const node = nodeNameOf(request.user)
  if (node === undefined || request.operation === 'CONNECT') return
  const problem = problemOf(request, node, objects)
  if (problem !== undefined) {
    throw forbidden(qualifiedResource(request.info), request.name, `node "${node}" ${problem}`)
  }
}

function problemOf(request: AdmissionRequest, node: string, objects: ObjectReader): string | undefined {
  switch (qualifiedResource(request.info)) {
    case 'nodes':
      return nodeProblem(request, node)
    case 'pods':
      return podProblem(request, node, objects)
    case 'leases.coordination.k8s.io':
      return leaseProblem(request, node)
    case 'csinodes.storage.k8s.io':
      return namedAsNode(request, node) ? undefined : 'can only access CSINode with the same name as the requesting node'
    case 'persistentvolumeclaims':
      return claimProblem(request)
    case 'persistentvolumes':
      return volumeProblem(request)
    default:
      return undefined
  }
}

function namedAsNode({ name, object }: AdmissionRequest, node: string): boolean {
  return (object?.metadata.name ?? name) === node
}

function nodeProblem(request: AdmissionRequest, node: string): string | undefined {
  const { operation, name, object, old, subresource } = request
  if (!namedAsNode(request, node)) return `is not allowed to modify node "${object?.metadata.name ?? name}"`
  if (operation === 'DELETE') return 'is not allowed to delete itself'
  const labels = forbiddenLabels(object, old)
  if (labels.length > 0) {
    return operation === 'CREATE'
      ? `is not allowed to set the following labels: ${labels.join(', ')}`
      : `is not allowed to modify labels: ${labels.join(', ')}`
  }
  if (operation !== 'UPDATE' || subresource !== '') return undefined
  if (!jsonEquals(taintsOf(object), taintsOf(old))) return 'is not allowed to modify taints'
  const owners = ({ metadata }: KubeObject) => metadata.ownerReferences ?? []
  const sameOwners = object === undefined || old === undefined || jsonEquals(owners(object), owners(old))
  return sameOwners ? undefined : 'is not allowed to modify ownerReferences'
}

/** Labels that differ between the two and that are not the node's own to set. */
function forbiddenLabels(object: KubeObject | undefined, old: KubeObject | undefined): string[] {
  const [now, before] = [object?.metadata.labels ?? {}, old?.metadata.labels ?? {}]
  const changed = Object.keys({ ...now, ...before }).filter((key) => now[key] !== before[key])
  return changed.filter(isForbiddenLabel).sort()
}

function isForbiddenLabel(key: string): boolean {
  if (key.startsWith(RESERVED_LABEL_PREFIX)) return true
  const domain = key.includes('/') ? (key.split('/')[0] ?? '') : ''
  const isIn = (parent: string) => domain === parent || domain.endsWith(`.${parent}`)
  if (!isIn('kubernetes.io') && !isIn('k8s.io')) return false
  return !OWN_LABELS.has(key) && !OWN_LABEL_DOMAINS.some(isIn)
}

function taintsOf(object: KubeObject | undefined): unknown {
  return (object as unknown as Node | undefined)?.spec?.taints ?? []
}

function podProblem(request: AdmissionRequest, node: string, objects: ObjectReader): string | undefined {
  const { operation, subresource, object, old, namespace, name } = request
  const isOwn = (pod: Pod | undefined) => pod?.spec?.nodeName === node
  if (operation === 'CREATE' && subresource === '') return mirrorPodProblem(object as unknown as Pod, node)
  if (subresource === 'eviction') {
    const pod = objects.get<Pod>(PODS, { namespace, name })
    return pod === undefined || isOwn(pod) ? undefined : 'can only evict pods with spec.nodeName set to itself'
  }
  const before = old as unknown as Pod | undefined
  if (operation === 'DELETE') return isOwn(before) ? undefined : 'can only delete pods with spec.nodeName set to itself'
  if (!isOwn(before)) return 'can only update pod status for pods with spec.nodeName set to itself'
  const labelsChange = !jsonEquals(object?.metadata.labels ?? {}, old?.metadata.labels ?? {})
  return subresource === 'status' && labelsChange ? 'cannot update labels through pod status' : undefined
}

/** A mirror pod only shows what runs without the API server: it must not get hold of anything that is kept there. */
function mirrorPodProblem({ metadata, spec }: Pod, node: string): string | undefined {
  if (metadata.annotations?.[MIRROR_ANNOTATION] === undefined || spec.nodeName !== node)
    return 'can only create mirror pods of its own'
  if (spec.serviceAccountName) return 'can not create pods that reference a service account'
  const volumes = spec.volumes ?? []
  if (volumes.some(({ persistentVolumeClaim }) => persistentVolumeClaim))
    return 'can not create pods that reference persistentvolumeclaims'
  if (volumes.some(({ secret }) => secret)) return 'can not create pods that reference secrets'
  return volumes.some(({ configMap }) => configMap) ? 'can not create pods that reference configmaps' : undefined
}

function leaseProblem(request: AdmissionRequest, node: string): string | undefined {
  if (request.namespace !== LEASE_NAMESPACE) return `can only access leases in the "${LEASE_NAMESPACE}" system namespace`
  return namedAsNode(request, node) ? undefined : 'can only access node lease with the same name as the requesting node'
}

/** Of the built-in provisioner's volumes on it a node says that their directory was made, and that it is gone. */
function volumeProblem({ operation, subresource, object, old }: AdmissionRequest): string | undefined {
  if (operation !== 'UPDATE' || subresource !== '' || object === undefined || old === undefined) return 'may only update PVs'
  const rest = ({ metadata, ...others }: KubeObject) => {
    const { finalizers = [], annotations: { [DIRECTORY_MADE]: _, ...annotations } = {}, labels, ownerReferences } = metadata
    const kept = finalizers.filter((finalizer) => finalizer !== LOCAL_DATA_FINALIZER)
    return { ...others, kept, annotations, labels, ownerReferences }
  }
  return jsonEquals(rest(object), rest(old)) ? undefined : `may only say of PVs whether their directory is there`
}

/** What a node tells of a claim is how large its volume has become. */
function claimProblem({ operation, subresource, object, old }: AdmissionRequest): string | undefined {
  if (operation !== 'UPDATE' || subresource !== 'status') return 'may only update PVC status'
  const rest = (claim: KubeObject | undefined) => {
    const {
      capacity: _,
      conditions: __,
      allocatedResources: ___,
      allocatedResourceStatuses: ____,
      ...others
    } = (claim as unknown as PersistentVolumeClaim | undefined)?.status ?? {}
    return others
  }
  return jsonEquals(rest(object), rest(old))
    ? undefined
    : 'is not allowed to update fields other than status.quantity and status.conditions'
}

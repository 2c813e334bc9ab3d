import { forbidden, type KubeObject, type Node, type Pod, qualifiedResource } from '@skiff/api'
import { nodeNameOf } from '../auth/users.ts'
import type { AdmissionRequest } from '../http/request-context.ts'

const LEASE_NAMESPACE = 'kube-node-lease'
const MIRROR_ANNOTATION = 'kubernetes.io/config.mirror'
/** Labels by which an administrator fences off nodes; a node that could set them on itself would undo that. */
const RESERVED_LABEL_PREFIX = 'node-restriction.kubernetes.io/'

/** A node's agent writes its own Node, its own Lease and the pods that run on it, nothing of the others'. */
export function refuseForeignNodeWrite(request: AdmissionRequest): void {
  const node = nodeNameOf(request.user)
  if (node === undefined || request.operation === 'CONNECT') return
  const problem = problemOf(request, node)
  if (problem !== undefined) {
    throw forbidden(qualifiedResource(request.info), request.name, `node "${node}" ${problem}`)
  }
}

function problemOf(request: AdmissionRequest, node: string): string | undefined {
  switch (qualifiedResource(request.info)) {
    case 'nodes':
      return nodeProblem(request, node)
    case 'pods':
      return podProblem(request, node)
    case 'leases.coordination.k8s.io':
      return leaseProblem(request, node)
    default:
      return undefined
  }
}

function nodeProblem({ operation, name, object, old, subresource }: AdmissionRequest, node: string): string | undefined {
  const target = object?.metadata.name ?? name
  if (target !== node) return `is not allowed to modify node "${target}"`
  if (operation === 'DELETE') return 'is not allowed to delete itself'
  const changed = reservedLabels(object) !== reservedLabels(old)
  if (changed) return `is not allowed to modify labels: ${RESERVED_LABEL_PREFIX}`
  const taintsChanged = operation === 'UPDATE' && subresource === '' && taintsOf(object) !== taintsOf(old)
  return taintsChanged ? 'is not allowed to modify taints' : undefined
}

function reservedLabels(object: KubeObject | undefined): string {
  const labels = Object.entries(object?.metadata.labels ?? {})
  return JSON.stringify(labels.filter(([key]) => key.startsWith(RESERVED_LABEL_PREFIX)).sort())
}

function taintsOf(object: KubeObject | undefined): string {
  return JSON.stringify((object as unknown as Node | undefined)?.spec?.taints ?? [])
}

function podProblem({ operation, subresource, object, old }: AdmissionRequest, node: string): string | undefined {
  const isOwn = (pod: KubeObject | undefined) => (pod as unknown as Pod | undefined)?.spec?.nodeName === node
  if (operation === 'CREATE' && subresource === '') {
    const isMirror = object?.metadata.annotations?.[MIRROR_ANNOTATION] !== undefined
    return isMirror && isOwn(object) ? undefined : 'can only create mirror pods of its own'
  }
  if (isOwn(old)) return undefined
  switch (operation) {
    case 'DELETE':
      return 'can only delete pods with spec.nodeName set to itself'
    default:
      return 'can only update pod status for pods with spec.nodeName set to itself'
  }
}

function leaseProblem({ namespace, name, object }: AdmissionRequest, node: string): string | undefined {
  if (namespace !== LEASE_NAMESPACE) return `can only access leases in the "${LEASE_NAMESPACE}" system namespace`
  const target = object?.metadata.name ?? name
  return target === node ? undefined : 'can only access node lease with the same name as the requesting node'
}

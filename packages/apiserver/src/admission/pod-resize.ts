import { ApiError, forbidden, NODES, type Node, type Pod, podRequests, type ResourceTotals, resourceTotals } from '@skiff/api'
import type { AdmissionRequest } from '../http/request-context.ts'
import type { ObjectReader } from '../registry/resource-definition.ts'

/**
 * Refuses to resize a pod to more cpu or memory than its node has for all pods together (upstream's
 * PodResizeValidator). It asks for the whole pod, whatever the resize changes. What depends on the pods beside it, or on a node that becomes smaller afterwards, is the agent's to say.
 */
export function refuseResizeBeyondNode(request: AdmissionRequest, objects: ObjectReader): void {
  if (!resizesPod(request)) return
  const { spec } = request.object as unknown as Pod
  if (!spec.nodeName) return
  const node = objects.get<Node>(NODES, { name: spec.nodeName })
  if (node === undefined) throw forbidden('pods', request.name, `node "${spec.nodeName}" not found`)
  const excesses = excessesOf(podRequests(spec), resourceTotals(node.status?.allocatable))
  if (excesses.length > 0) throw beyondNode(request, excesses)
}

/** A patch that leaves the spec as it was is not judged by what the node has become. */
function resizesPod({ operation, info, subresource, object, old }: AdmissionRequest): boolean {
  if (operation !== 'UPDATE' || info.group !== '' || info.resource !== 'pods' || subresource !== 'resize') return false
  return object?.metadata.generation !== old?.metadata.generation
}

/** In thousandths of a cpu, and in bytes. */
function excessesOf(requested: ResourceTotals, allocatable: ResourceTotals): string[] {
  const amounts = [
    ['cpu', requested.cpuMilli, allocatable.cpuMilli],
    ['memory', requested.memoryBytes, allocatable.memoryBytes],
  ] as const
  return amounts
    .filter(([, asked, has]) => asked > has)
    .map(([name, asked, has]) => `${name}, requested: ${asked}, allocatable: ${has}`)
}

function beyondNode({ name }: AdmissionRequest, excesses: readonly string[]): ApiError {
  const refusal = forbidden('pods', name, `node didn't have enough allocatable resources: ${excesses.join('; ')}`)
  return new ApiError('Forbidden', refusal.message, { details: { ...refusal.details, causes: [{ reason: 'NodeCapacity' }] } })
}

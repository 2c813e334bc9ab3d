import { hasPodResources } from './pods.ts'
import type { Container, ContainerStatus, PodSpec, PodStatus } from './types.ts'

type Requests = NonNullable<NonNullable<Container['resources']>['requests']>

/**
 * The spec with the requests that its node has given the pod, as its status says: while a resize is under way, or waits, they are
 * others than those it asks for (KEP-1287). The spec itself where they are the same.
 */
export function allocatedSpec({ spec, status }: { readonly spec: PodSpec; readonly status?: PodStatus }): PodSpec {
  const containers = allocatedContainers(spec.containers, status?.containerStatuses)
  const initContainers = allocatedContainers(spec.initContainers, status?.initContainerStatuses)
  const ofPod = hasPodResources(spec) ? status?.allocatedResources : undefined
  const resources = differs(ofPod, spec.resources?.requests) ? { ...spec.resources, requests: ofPod } : spec.resources
  const isSame = containers === spec.containers && initContainers === spec.initContainers && resources === spec.resources
  return isSame ? spec : { ...spec, containers, ...(initContainers && { initContainers }), ...(resources && { resources }) }
}

function allocatedContainers<T extends Container[] | undefined>(containers: T, statuses: readonly ContainerStatus[] = []): T {
  const allocated = containers?.map((container) => {
    const requests = statuses.find(({ name }) => name === container.name)?.allocatedResources
    if (!differs(requests, container.resources?.requests)) return container
    return { ...container, resources: { ...container.resources, requests } }
  })
  return (allocated?.some((container, i) => container !== containers?.[i]) ? allocated : containers) as T
}

function differs(allocated: Requests | undefined, asked: Requests = {}): allocated is Requests {
  return allocated !== undefined && Object.keys(asked).some((name) => name in allocated && allocated[name] !== asked[name])
}

import { isDeepStrictEqual } from 'node:util'
import { type Draft, type Endpoint, type EndpointSlice, ownerReferenceTo, type Service } from '@skiff/api'
import { SERVICE_NAME_LABEL } from '../shared/informers.ts'
import { hostnameIn, isHeadless, type PodPort, type ServicePod } from './service-pods.ts'

export const MANAGED_BY_LABEL = 'endpointslice.kubernetes.io/managed-by'
const MANAGED_BY = 'endpointslice-controller.k8s.io'
const HEADLESS_LABEL = 'service.kubernetes.io/headless'
const MAX_ENDPOINTS = 100

/** What a slice should hold. */
export interface SliceContent {
  readonly labels: Readonly<Record<string, string>>
  /** Undefined: they are other people's. */
  readonly annotations?: Readonly<Record<string, string>>
  readonly ports: readonly PodPort[]
  readonly endpoints: readonly Endpoint[]
}

export interface EndpointSlicePlan {
  readonly create: readonly Draft<EndpointSlice>[]
  readonly update: readonly { readonly slice: EndpointSlice; readonly content: SliceContent }[]
  readonly remove: readonly EndpointSlice[]
}

export interface SliceInput {
  readonly pods: readonly ServicePod[]
  readonly slices: readonly EndpointSlice[]
  /** The zone of a node, for routing close by. */
  readonly zoneOf: (node: string) => string | undefined
}

/**
 * How to make a Service's slices say which pods serve it. Pods stay in the slice they are in, so that one pod's change
 * is one slice's change; a Service without pods keeps one empty slice, so that watchers know it has none.
 */
export function planEndpointSlices(service: Service, { pods, slices, zoneOf }: SliceInput): EndpointSlicePlan {
  const labels = sliceLabels(service)
  const ours = slices.filter(({ metadata }) => metadata.labels?.[MANAGED_BY_LABEL] === MANAGED_BY && !metadata.deletionTimestamp)
  const unused = new Set(ours)
  const wanted: Wanted[] = []
  for (const { ports, endpoints } of groupByPorts(service, pods, zoneOf).values()) {
    const samePorts = ours.filter((slice) => isDeepStrictEqual(slice.ports ?? [], ports))
    for (const { slice, endpoints: content } of distribute(samePorts, endpoints)) {
      wanted.push({ slice, content: { labels, ports, endpoints: content } })
    }
  }
  if (wanted.length === 0)
    wanted.push({ slice: ours[0], content: { labels, ports: (ours[0]?.ports ?? []) as PodPort[], endpoints: [] } })

  const create: Draft<EndpointSlice>[] = []
  const update: { slice: EndpointSlice; content: SliceContent }[] = []
  for (const { slice, content } of wanted) {
    if (!slice) create.push(newSlice(service, content))
    else if (!says(slice, content)) update.push({ slice, content })
    if (slice) unused.delete(slice)
  }
  return { create, update, remove: [...unused] }
}

export function isEmpty({ create, update, remove }: EndpointSlicePlan): boolean {
  return create.length === 0 && update.length === 0 && remove.length === 0
}

interface Wanted {
  /** undefined: a new one. */
  readonly slice: EndpointSlice | undefined
  readonly content: SliceContent
}

interface PortGroup {
  readonly ports: readonly PodPort[]
  readonly endpoints: Endpoint[]
}

/** A slice's endpoints all serve the same port numbers. */
function groupByPorts(
  service: Service,
  pods: readonly ServicePod[],
  zoneOf: (node: string) => string | undefined,
): Map<string, PortGroup> {
  const groups = new Map<string, PortGroup>()
  for (const pod of pods) {
    const key = JSON.stringify(pod.ports)
    const group = groups.get(key) ?? { ports: pod.ports, endpoints: [] }
    group.endpoints.push(endpointOf(service, pod, zoneOf))
    groups.set(key, group)
  }
  return groups
}

/** Endpoints stay where they are; new ones fill the gaps, then new slices. Slices that end up empty aren't mentioned. */
function distribute(
  slices: readonly EndpointSlice[],
  endpoints: readonly Endpoint[],
): { slice: EndpointSlice | undefined; endpoints: Endpoint[] }[] {
  const left = new Map(endpoints.map((endpoint) => [endpoint.targetRef?.uid, endpoint]))
  const filled: { slice: EndpointSlice | undefined; endpoints: Endpoint[] }[] = slices.map((slice) => {
    const uids = (slice.endpoints ?? []).map(({ targetRef }) => targetRef?.uid)
    const staying = uids.flatMap((uid) => left.get(uid) ?? [])
    for (const uid of uids) left.delete(uid)
    return { slice, endpoints: staying }
  })
  const coming = [...left.values()]
  for (const one of filled) one.endpoints.push(...coming.splice(0, MAX_ENDPOINTS - one.endpoints.length))
  while (coming.length > 0) filled.push({ slice: undefined, endpoints: coming.splice(0, MAX_ENDPOINTS) })
  return filled.filter((one) => one.endpoints.length > 0)
}

function endpointOf(
  service: Service,
  { pod, address, serving, terminating }: ServicePod,
  zoneOf: (node: string) => string | undefined,
): Endpoint {
  const { name, namespace, uid } = pod.metadata
  const { nodeName } = pod.spec
  const zone = nodeName === undefined ? undefined : zoneOf(nodeName)
  const hostname = hostnameIn(service, pod)
  const ready = service.spec.publishNotReadyAddresses === true || (serving && !terminating)
  return {
    addresses: [address],
    conditions: { ready, serving, terminating },
    ...(hostname === undefined ? {} : { hostname }),
    targetRef: { kind: 'Pod', ...(namespace === undefined ? {} : { namespace }), name, uid },
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(zone === undefined ? {} : { zone }),
  }
}

function says(slice: EndpointSlice, content: SliceContent): boolean {
  return saysBesidesEndpoints(slice, content) && isDeepStrictEqual(slice.endpoints ?? [], content.endpoints)
}

export function saysBesidesEndpoints(slice: EndpointSlice, { labels, ports }: SliceContent): boolean {
  return isDeepStrictEqual(slice.metadata.labels ?? {}, labels) && isDeepStrictEqual(slice.ports ?? [], ports)
}

function sliceLabels(service: Service): Record<string, string> {
  return {
    ...service.metadata.labels,
    ...(isHeadless(service) ? { [HEADLESS_LABEL]: '' } : {}),
    [SERVICE_NAME_LABEL]: service.metadata.name,
    [MANAGED_BY_LABEL]: MANAGED_BY,
  }
}

function newSlice(service: Service, { labels, ports, endpoints }: SliceContent): Draft<EndpointSlice> {
  const { namespace } = service.metadata
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      generateName: `${service.metadata.name}-`,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...labels },
      ownerReferences: [
        ownerReferenceTo({ apiVersion: 'v1', kind: 'Service', metadata: service.metadata }, { controller: true }),
      ],
    },
    addressType: 'IPv4',
    ports: [...ports] as NonNullable<EndpointSlice['ports']>,
    endpoints: [...endpoints],
  }
}

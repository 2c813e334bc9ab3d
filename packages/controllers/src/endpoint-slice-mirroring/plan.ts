import { isIPv6 } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import { type Draft, type Endpoint, type EndpointSlice, type Endpoints, ownerReferenceTo } from '@skiff/api'
import { type EndpointSlicePlan, MANAGED_BY_LABEL, type SliceContent } from '../endpoint-slice/plan.ts'
import type { PodPort } from '../endpoint-slice/service-pods.ts'
import { SERVICE_NAME_LABEL } from '../shared/informers.ts'

const MANAGED_BY = 'endpointslicemirroring-controller.k8s.io'
/** More of one subset are not mirrored, as upstream. */
const MAX_ENDPOINTS = 1000
/** What tells of the Endpoints themselves and not of what is in them. */
const OWN_ANNOTATIONS = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  'endpoints.kubernetes.io/last-change-trigger-time',
])

type Subset = NonNullable<Endpoints['subsets']>[number]
type Address = NonNullable<Subset['addresses']>[number]
type AddressType = 'IPv4' | 'IPv6'
type Content = Required<SliceContent> & { readonly addressType: AddressType }
type Growing = Omit<Content, 'endpoints'> & { readonly endpoints: Endpoint[] }

/** How to make slices say what Endpoints say that somebody wrote by hand; without Endpoints there are to be none. */
export function planMirror(endpoints: Endpoints | undefined, slices: readonly EndpointSlice[]): EndpointSlicePlan {
  const ours = slices.filter(({ metadata }) => metadata.labels?.[MANAGED_BY_LABEL] === MANAGED_BY && !metadata.deletionTimestamp)
  const unused = new Set(ours)
  const create: Draft<EndpointSlice>[] = []
  const update: { slice: EndpointSlice; content: SliceContent }[] = []
  for (const content of endpoints === undefined ? [] : contentsOf(endpoints)) {
    const slice = [...unused].find((each) => holdsSamePorts(each, content))
    if (slice === undefined) create.push(newSlice(endpoints as Endpoints, content))
    else if (!says(slice, content)) update.push({ slice, content })
    if (slice !== undefined) unused.delete(slice)
  }
  return { create, update, remove: [...unused] }
}

/** One slice for each family of each set of ports. */
function contentsOf({ metadata, subsets = [] }: Endpoints): Content[] {
  const labels = { ...metadata.labels, [SERVICE_NAME_LABEL]: metadata.name, [MANAGED_BY_LABEL]: MANAGED_BY }
  const kept = Object.entries(metadata.annotations ?? {}).filter(([name]) => !OWN_ANNOTATIONS.has(name))
  const contents = new Map<string, Growing>()
  for (const subset of subsets) {
    const ports = (subset.ports ?? []).map(portOf)
    for (const { endpoint, addressType } of endpointsOf(subset)) {
      const key = JSON.stringify([addressType, ports])
      const content: Growing = contents.get(key) ?? {
        labels,
        annotations: Object.fromEntries(kept),
        ports,
        endpoints: [],
        addressType,
      }
      if (content.endpoints.length < MAX_ENDPOINTS) content.endpoints.push(endpoint)
      contents.set(key, content)
    }
  }
  return [...contents.values()]
}

function portOf({ name = '', protocol = 'TCP', port, appProtocol }: NonNullable<Subset['ports']>[number]): PodPort {
  return { name, protocol, port, ...(appProtocol === undefined ? {} : { appProtocol }) } as PodPort
}

function endpointsOf({ addresses = [], notReadyAddresses = [] }: Subset) {
  return [...addresses.map((address) => mirrored(address, true)), ...notReadyAddresses.map((address) => mirrored(address, false))]
}

function mirrored(
  { ip, hostname, nodeName, targetRef }: Address,
  ready: boolean,
): { endpoint: Endpoint; addressType: AddressType } {
  const endpoint = {
    ...{ addresses: [ip], conditions: { ready } },
    ...(hostname ? { hostname } : {}),
    ...(targetRef === undefined ? {} : { targetRef }),
    ...(nodeName === undefined ? {} : { nodeName }),
  }
  return { endpoint, addressType: isIPv6(ip) ? 'IPv6' : 'IPv4' }
}

function holdsSamePorts(slice: EndpointSlice, { ports, addressType }: Content): boolean {
  return slice.addressType === addressType && isDeepStrictEqual(slice.ports ?? [], ports)
}

function says(slice: EndpointSlice, { labels, annotations, endpoints }: Content): boolean {
  return (
    isDeepStrictEqual(slice.metadata.labels ?? {}, labels) &&
    isDeepStrictEqual(slice.metadata.annotations ?? {}, annotations) &&
    isDeepStrictEqual(slice.endpoints ?? [], endpoints)
  )
}

function newSlice(
  { metadata }: Endpoints,
  { labels, annotations, ports, endpoints, addressType }: Content,
): Draft<EndpointSlice> {
  const { name, namespace } = metadata
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      generateName: `${name}-`,
      ...(namespace === undefined ? {} : { namespace }),
      ...{ labels, annotations },
      ownerReferences: [ownerReferenceTo({ apiVersion: 'v1', kind: 'Endpoints', metadata }, { controller: true })],
    },
    addressType,
    ports: [...ports] as NonNullable<EndpointSlice['ports']>,
    endpoints: [...endpoints],
  }
}

import type { Draft, Endpoints, Service } from '@skiff/api'
import { hostnameIn, isHeadless, type PodPort, type ServicePod } from '../endpoint-slice/service-pods.ts'

type Subset = NonNullable<Endpoints['subsets']>[number]
type Address = NonNullable<Subset['addresses']>[number]

export const ENDPOINTS_MANAGED_BY_LABEL = 'endpoints.kubernetes.io/managed-by'
const MANAGED_BY = 'endpoint-controller'
const HEADLESS_LABEL = 'service.kubernetes.io/headless'

/** The Endpoints object that a Service should have, for clients that don't know EndpointSlices. */
export function endpointsOf(service: Service, pods: readonly ServicePod[]): Draft<Endpoints> {
  const { name, namespace, labels } = service.metadata
  const subsets = subsetsOf(service, pods)
  return {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...labels, [ENDPOINTS_MANAGED_BY_LABEL]: MANAGED_BY, ...(isHeadless(service) ? { [HEADLESS_LABEL]: '' } : {}) },
    },
    ...(subsets.length > 0 ? { subsets } : {}),
  }
}

/** Pods that serve the same port numbers share a subset. Pods that are leaving aren't told of, as upstream has it. */
function subsetsOf(service: Service, pods: readonly ServicePod[]): Subset[] {
  const groups = new Map<string, { ports: readonly PodPort[]; ready: Address[]; notReady: Address[] }>()
  const always = service.spec.publishNotReadyAddresses === true
  for (const one of pods) {
    if ((one.terminating && !always) || (one.ports.length === 0 && !isHeadless(service))) continue
    const key = JSON.stringify(one.ports)
    const group = groups.get(key) ?? { ports: one.ports, ready: [], notReady: [] }
    const list = one.serving || always ? group.ready : group.notReady
    list.push(addressOf(service, one))
    groups.set(key, group)
  }
  return [...groups.values()].map(({ ports, ready, notReady }) => ({
    ...(ready.length > 0 ? { addresses: ready } : {}),
    ...(notReady.length > 0 ? { notReadyAddresses: notReady } : {}),
    ...(ports.length > 0 ? { ports: ports.map(subsetPort) } : {}),
  }))
}

function subsetPort({ name, port, protocol, appProtocol }: PodPort): NonNullable<Subset['ports']>[number] {
  const written = { ...(name === '' ? {} : { name }), port, protocol: protocol as 'TCP' | 'UDP' | 'SCTP' }
  return appProtocol === undefined ? written : { ...written, appProtocol }
}

function addressOf(service: Service, { pod, address }: ServicePod): Address {
  const { name, namespace, uid } = pod.metadata
  const hostname = hostnameIn(service, pod)
  return {
    ip: address,
    ...(hostname === undefined ? {} : { hostname }),
    ...(pod.spec.nodeName === undefined ? {} : { nodeName: pod.spec.nodeName }),
    targetRef: { kind: 'Pod', ...(namespace === undefined ? {} : { namespace }), name, uid },
  }
}

import { type Pod, podIsReady, podIsTerminal, podIsTerminating, type Service, selectsLabels } from '@skiff/api'

/** A port of a Service as one pod serves it. */
export interface PodPort {
  readonly name: string
  readonly port: number
  readonly protocol: string
  readonly appProtocol?: string
}

export interface ServicePod {
  readonly pod: Pod
  readonly address: string
  readonly ports: readonly PodPort[]
  readonly serving: boolean
  readonly terminating: boolean
}

/** Services without a selector have their endpoints made by someone else. */
export function hasSelector({ spec }: Service): boolean {
  return spec.type !== 'ExternalName' && Object.keys(spec.selector ?? {}).length > 0
}

export function isHeadless({ spec }: Service): boolean {
  return spec.clusterIP === 'None'
}

/** The pods behind a Service: selected, with an address, not ended. Sorted, so that the same pods give the same answer. */
export function podsOfService(service: Service, podsOfNamespace: readonly Pod[]): ServicePod[] {
  return podsOfNamespace
    .filter((pod) => selectsLabels(service.spec.selector, pod.metadata.labels) && !podIsTerminal(pod))
    .flatMap((pod) => {
      const address = pod.status?.podIP
      if (!address) return []
      return [{ pod, address, ports: portsOf(service, pod), serving: podIsReady(pod), terminating: podIsTerminating(pod) }]
    })
    .sort((a, b) => (a.pod.metadata.name < b.pod.metadata.name ? -1 : 1))
}

/** A named target port may be another number in each pod; one that a pod doesn't have is left out. */
function portsOf(service: Service, pod: Pod): PodPort[] {
  return (service.spec.ports ?? []).flatMap(({ name = '', port, targetPort, protocol = 'TCP', appProtocol }) => {
    const number = targetPortOf(pod, targetPort ?? port, protocol)
    return number === undefined ? [] : [{ name, port: number, protocol, ...(appProtocol === undefined ? {} : { appProtocol }) }]
  })
}

function targetPortOf(pod: Pod, target: number | string, protocol: string): number | undefined {
  if (typeof target === 'number') return target
  const sidecars = (pod.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')
  const ports = [...pod.spec.containers, ...sidecars].flatMap((container) => container.ports ?? [])
  return ports.find((port) => port.name === target && (port.protocol ?? 'TCP') === protocol)?.containerPort
}

/** The name under which a headless Service's DNS lists this pod alone. */
export function hostnameIn(service: Service, { metadata, spec }: Pod): string | undefined {
  return spec.hostname && spec.subdomain === service.metadata.name && metadata.namespace === service.metadata.namespace
    ? spec.hostname
    : undefined
}

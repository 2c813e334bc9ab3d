/**
 * What this host must do with traffic to Services, decided from Services and EndpointSlices alone (pure).
 * `kernel/` turns a route table into nftables rules.
 */
import { isIPv4 } from 'node:net'
import type { Endpoint, EndpointSlice, Service, ServicePort } from '@skiff/api'

/** The label of an EndpointSlice that names its Service. */
export const SERVICE_OF_SLICE = 'kubernetes.io/service-name'
/** As the API server fills it in: 3 hours. */
const DEFAULT_AFFINITY_SECONDS = 10_800

export type Protocol = 'tcp' | 'udp'

export interface Backend {
  readonly ip: string
  readonly port: number
}

/** One port of one Service: where it is reached, and who answers. */
export interface Route {
  /** `namespace/name:port`, unique. */
  readonly id: string
  readonly protocol: Protocol
  readonly port: number
  /** Addresses reached from inside: the cluster IPs. */
  readonly clusterIps: readonly string[]
  /** Addresses reached from outside: externalIPs and load-balancer addresses. */
  readonly externalIps: readonly string[]
  readonly nodePort: number | undefined
  /** Who answers cluster-internal traffic, sorted. */
  readonly backends: readonly Backend[]
  /** Who answers traffic from outside; fewer than `backends` with externalTrafficPolicy Local. */
  readonly externalBackends: readonly Backend[]
  /** Traffic from outside keeps its source address (externalTrafficPolicy Local). */
  readonly keepsSource: boolean
  /** So long after its last connection a client's address meets the same backend again; undefined: every turn another. */
  readonly affinitySeconds: number | undefined
}

export interface RouteTable {
  readonly routes: readonly Route[]
}

export interface RouteInput {
  readonly services: readonly Service[]
  readonly slicesOf: (namespace: string, service: string) => readonly EndpointSlice[]
  readonly nodeName: string
}

/** Routes of every Service that has a cluster IP, sorted by id. IPv4 only. */
export function buildRouteTable(input: RouteInput): RouteTable {
  const routes = input.services.filter(isRouted).flatMap((service) => routesOf(service, input))
  return { routes: routes.sort((a, b) => (a.id < b.id ? -1 : 1)) }
}

function isRouted(service: Service): boolean {
  const ip = service.spec.clusterIP
  return service.spec.type !== 'ExternalName' && ip !== undefined && ip !== '' && ip !== 'None'
}

/** A route per port of a Service, also of a headless one. */
export function routesOf(service: Service, input: Omit<RouteInput, 'services'>): Route[] {
  const { namespace = 'default', name } = service.metadata
  const slices = input.slicesOf(namespace, name)
  return (service.spec.ports ?? []).flatMap((port) => {
    const protocol = protocolOf(port.protocol)
    if (!protocol || !isPort(port.port)) return []
    const endpoints = slices.flatMap((slice) => endpointsOfPort(slice, port))
    const isLocal = (endpoint: PortEndpoint) => endpoint.nodeName === input.nodeName
    const external = service.spec.externalTrafficPolicy === 'Local' ? endpoints.filter(isLocal) : endpoints
    const internal = service.spec.internalTrafficPolicy === 'Local' ? endpoints.filter(isLocal) : endpoints
    return {
      id: `${namespace}/${name}:${port.name ?? ''}`,
      protocol,
      port: port.port,
      clusterIps: (service.spec.clusterIPs ?? [service.spec.clusterIP ?? '']).filter(isIPv4),
      externalIps: [...(service.spec.externalIPs ?? []), ...loadBalancerIps(service)].filter(isIPv4),
      nodePort: port.nodePort && isPort(port.nodePort) ? port.nodePort : undefined,
      backends: usableBackends(internal),
      externalBackends: usableBackends(external),
      keepsSource: service.spec.externalTrafficPolicy === 'Local',
      affinitySeconds: affinityOf(service),
    }
  })
}

function affinityOf({ spec }: Service): number | undefined {
  if (spec.sessionAffinity !== 'ClientIP') return undefined
  const seconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds
  return Number.isInteger(seconds) && Number(seconds) > 0 ? seconds : DEFAULT_AFFINITY_SECONDS
}

interface PortEndpoint extends Backend {
  readonly nodeName: string | undefined
  readonly ready: boolean
  readonly serving: boolean
}

function endpointsOfPort(slice: EndpointSlice, port: ServicePort): PortEndpoint[] {
  if (slice.addressType !== 'IPv4') return []
  const target = (slice.ports ?? []).find(
    (p) => (p.name ?? '') === (port.name ?? '') && protocolOf(p.protocol) === protocolOf(port.protocol),
  )
  const number = target?.port
  if (number === undefined || !isPort(number)) return []
  return (slice.endpoints ?? []).flatMap((endpoint) => endpointAddresses(endpoint, number))
}

function endpointAddresses(endpoint: Endpoint, port: number): PortEndpoint[] {
  const ready = endpoint.conditions?.ready !== false
  const serving = endpoint.conditions?.serving ?? ready
  return endpoint.addresses.filter(isIPv4).map((ip) => ({ ip, port, nodeName: endpoint.nodeName, ready, serving }))
}

/** Whatever was stored: nothing but addresses and ports gets into the kernel's script. */
function isPort(port: number): boolean {
  return Number.isInteger(port) && port > 0 && port < 65_536
}

/** Ready endpoints; while there are none, those that leave but still serve (KEP-1669). */
function usableBackends(endpoints: readonly PortEndpoint[]): Backend[] {
  const ready = endpoints.filter((endpoint) => endpoint.ready)
  const usable = ready.length > 0 ? ready : endpoints.filter((endpoint) => endpoint.serving)
  const unique = new Map(usable.map(({ ip, port }) => [`${ip}:${port}`, { ip, port }]))
  return [...unique].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, backend]) => backend)
}

function loadBalancerIps(service: Service): string[] {
  return (service.status?.loadBalancer?.ingress ?? []).flatMap((ingress) => (ingress.ip ? [ingress.ip] : []))
}

function protocolOf(protocol: string | undefined): Protocol | undefined {
  if (protocol === undefined || protocol === 'TCP') return 'tcp'
  return protocol === 'UDP' ? 'udp' : undefined
}

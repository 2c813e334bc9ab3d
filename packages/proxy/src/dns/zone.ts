/**
 * The cluster's zone, answered from Services and EndpointSlices (pure). The names are those of the Kubernetes DNS
 * specification 1.1: `<service>.<namespace>.svc.<domain>`, `_<port>._<protocol>.<service>...`, a headless Service's
 * endpoints by hostname, `<a-b-c-d>.<namespace>.pod.<domain>`, and reverse names of cluster IPs and of these endpoints.
 */
import type { Endpoint, EndpointSlice, Service } from '@skiff/api'
import { SERVICE_OF_SLICE } from '../route-table.ts'

export type ZoneRecord =
  | { readonly type: 'A'; readonly name: string; readonly address: string }
  | { readonly type: 'CNAME'; readonly name: string; readonly target: string }
  | { readonly type: 'PTR'; readonly name: string; readonly target: string }
  | { readonly type: 'TXT'; readonly name: string; readonly text: string }
  | { readonly type: 'SRV'; readonly name: string; readonly target: string; readonly port: number }

export type ZoneAnswer =
  /** Ours, with the records of that type: none at all when the name has others (NODATA). */
  | { readonly kind: 'records'; readonly records: readonly ZoneRecord[]; readonly additional: readonly ZoneRecord[] }
  /** Ours, and there is no such name. */
  | { readonly kind: 'no-such-name' }
  /** Ours, and another name for `target`. */
  | { readonly kind: 'alias'; readonly record: ZoneRecord; readonly target: string }
  /** Ours, and not known yet. */
  | { readonly kind: 'not-ready' }
  /** Not in our zone: ask upstream. */
  | { readonly kind: 'elsewhere' }

export interface ZoneData {
  readonly domain: string
  /** False until everything was read once: what is missing may exist. */
  isComplete(): boolean
  service(namespace: string, name: string): Service | undefined
  serviceByClusterIp(ip: string): Service | undefined
  namespaceExists(name: string): boolean
  slicesOf(namespace: string, service: string): readonly EndpointSlice[]
  /** Of all Services. */
  slices(): readonly EndpointSlice[]
}

/** `name` is lower case and without its final dot. */
export function resolveName(data: ZoneData, name: string, type: string): ZoneAnswer {
  if (name.endsWith('.in-addr.arpa')) return resolveReverse(data, name, type)
  if (name !== data.domain && !name.endsWith(`.${data.domain}`)) return { kind: 'elsewhere' }
  if (!data.isComplete()) return { kind: 'not-ready' }
  const labels = name.slice(0, -data.domain.length).split('.').filter(Boolean)
  const [scope, namespace, service, ...rest] = labels.reverse()
  if (scope === undefined) return nothing
  if (scope === 'dns-version') return type === 'TXT' ? answer({ type: 'TXT', name, text: '1.1.0' }) : nothing
  if (scope === 'pod') return resolvePod(data, { name, type, namespace, address: service, rest })
  if (scope !== 'svc') return noSuchName
  if (namespace === undefined) return nothing
  if (service === undefined) return data.namespaceExists(namespace) ? nothing : noSuchName
  const object = data.service(namespace, service)
  if (!object) return noSuchName
  return resolveService(data, object, { name, type, rest: rest.reverse() })
}

const nothing: ZoneAnswer = { kind: 'records', records: [], additional: [] }
const noSuchName: ZoneAnswer = { kind: 'no-such-name' }

function answer(...records: readonly ZoneRecord[]): ZoneAnswer {
  return { kind: 'records', records, additional: [] }
}

interface ServiceQuestion {
  readonly name: string
  readonly type: string
  /** What stands before `<service>.<namespace>.svc`: nothing, a hostname, or `_port`, `_protocol`. */
  readonly rest: readonly string[]
}

function resolveService(data: ZoneData, service: Service, question: ServiceQuestion): ZoneAnswer {
  const { name, type, rest } = question
  if (service.spec.type === 'ExternalName') {
    const target = service.spec.externalName?.toLowerCase().replace(/\.$/, '')
    return rest.length === 0 && target ? { kind: 'alias', record: { type: 'CNAME', name, target }, target } : noSuchName
  }
  const hosts = addressesOf(data, service)
  const [first, second] = rest
  if (first === undefined)
    return type === 'A' ? answer(...unique(hosts).map((address): ZoneRecord => ({ type: 'A', name, address }))) : nothing
  if (first.startsWith('_') && second?.startsWith('_') && rest.length === 2)
    return resolvePort(data, service, { name, type, port: first.slice(1), protocol: second.slice(1) })
  if (rest.length > 1) return noSuchName
  const matching = hosts.filter((host) => host.hostname === first)
  if (matching.length === 0) return noSuchName
  return type === 'A' ? answer(...unique(matching).map((address): ZoneRecord => ({ type: 'A', name, address }))) : nothing
}

interface Host {
  readonly address: string
  readonly hostname: string
  readonly ports: readonly { readonly name: string; readonly port: number; readonly protocol: string }[]
}

/** A Service with a cluster IP is that one host; a headless one is its endpoints. */
function addressesOf(data: ZoneData, service: Service): Host[] {
  const ip = service.spec.clusterIP
  const { namespace = 'default', name } = service.metadata
  if (ip !== undefined && ip !== '' && ip !== 'None') {
    const ports = (service.spec.ports ?? []).map((p) => ({
      name: p.name ?? '',
      port: p.port,
      protocol: (p.protocol ?? 'TCP').toLowerCase(),
    }))
    return [{ address: ip, hostname: '', ports }]
  }
  const publishesAll = service.spec.publishNotReadyAddresses === true
  return data.slicesOf(namespace, name).flatMap((slice) => {
    const ports = (slice.ports ?? []).map((p) => ({
      name: p.name ?? '',
      port: p.port ?? 0,
      protocol: (p.protocol ?? 'TCP').toLowerCase(),
    }))
    return (slice.endpoints ?? [])
      .filter((endpoint) => publishesAll || endpoint.conditions?.ready !== false)
      .flatMap((endpoint) => endpoint.addresses.map((address) => ({ address, hostname: hostnameOf(endpoint, address), ports })))
  })
}

function hostnameOf(endpoint: Endpoint, address: string): string {
  return endpoint.hostname ?? dashed(address)
}

function dashed(address: string): string {
  return address.replaceAll('.', '-')
}

function unique(hosts: readonly Host[]): string[] {
  return [...new Set(hosts.map((host) => host.address))]
}

interface PortQuestion {
  readonly name: string
  readonly type: string
  readonly port: string
  readonly protocol: string
}

function resolvePort(data: ZoneData, service: Service, question: PortQuestion): ZoneAnswer {
  const base = nameOf(data, service)
  const found = addressesOf(data, service).flatMap((host) =>
    host.ports
      .filter((port) => port.name === question.port && port.protocol === question.protocol)
      .map((port) => ({
        target: host.hostname === '' ? base : `${host.hostname}.${base}`,
        address: host.address,
        port: port.port,
      })),
  )
  if (found.length === 0) return noSuchName
  if (question.type !== 'SRV') return nothing
  return {
    kind: 'records',
    records: found.map(({ target, port }) => ({ type: 'SRV', name: question.name, target, port })),
    additional: found.map(({ target, address }) => ({ type: 'A', name: target, address })),
  }
}

interface PodQuestion {
  readonly name: string
  readonly type: string
  readonly namespace: string | undefined
  readonly address: string | undefined
  readonly rest: readonly string[]
}

function resolvePod(data: ZoneData, { name, type, namespace, address, rest }: PodQuestion): ZoneAnswer {
  if (namespace === undefined) return nothing
  if (!data.namespaceExists(namespace) || rest.length > 0) return noSuchName
  if (address === undefined) return nothing
  const ip = address.replaceAll('-', '.')
  if (!/^(\d{1,3}\.){3}\d{1,3}$/.test(ip)) return noSuchName
  return type === 'A' ? answer({ type: 'A', name, address: ip }) : nothing
}

function resolveReverse(data: ZoneData, name: string, type: string): ZoneAnswer {
  const ip = name.slice(0, -'.in-addr.arpa'.length).split('.').reverse().join('.')
  const service = data.serviceByClusterIp(ip)
  const targets = service ? [nameOf(data, service)] : headlessNames(data, ip)
  if (targets.length === 0) return { kind: 'elsewhere' }
  return type === 'PTR' ? answer(...targets.map((target): ZoneRecord => ({ type: 'PTR', name, target }))) : nothing
}

function nameOf(data: ZoneData, { metadata }: Service): string {
  return `${metadata.name}.${metadata.namespace}.svc.${data.domain}`
}

/** Asked so seldom that it isn't worth an index of all addresses on every host. */
function headlessNames(data: ZoneData, ip: string): string[] {
  const having = data.slices().filter((slice) => (slice.endpoints ?? []).some(({ addresses }) => addresses.includes(ip)))
  const services = having.map(({ metadata }) => data.service(metadata.namespace ?? '', metadata.labels?.[SERVICE_OF_SLICE] ?? ''))
  const headless = new Set(services.filter((service) => service?.spec.clusterIP === 'None'))
  return [...headless].flatMap((service) => {
    if (!service) return []
    const hosts = addressesOf(data, service).filter(({ address }) => address === ip)
    return [...new Set(hosts.map(({ hostname }) => `${hostname}.${nameOf(data, service)}`))]
  })
}

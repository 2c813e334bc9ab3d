/** Which Service a request is for, and who answers for it (pure). */
import type { EndpointSlice, Service, ServicePort } from '@skiff/api'
import { type Backend, routesOf } from '../route-table.ts'

export interface ServiceName {
  readonly namespace: string
  readonly name: string
}

/** `<service>.<namespace>.localhost` and `<service>.<namespace>.svc.<domain>`, with or without a port; undefined for others. */
export function serviceInHost(host: string | undefined, domain: string): ServiceName | undefined {
  const name = (host ?? '').toLowerCase().replace(/:\d+$/, '').replace(/\.$/, '')
  const suffix = ['.localhost', `.svc.${domain}`].find((candidate) => name.endsWith(candidate))
  if (suffix === undefined) return undefined
  const [service, namespace, ...rest] = name.slice(0, -suffix.length).split('.')
  return service && namespace && rest.length === 0 ? { namespace, name: service } : undefined
}

/** The port of a Service that speaks HTTP, as far as it says: named `http`, else 80, else its first. */
export function httpPortOf(service: Service): ServicePort | undefined {
  const ports = (service.spec.ports ?? []).filter(({ protocol = 'TCP' }) => protocol === 'TCP')
  return ports.find(speaksHttp) ?? ports.find(({ port }) => port === 80) ?? ports[0]
}

function speaksHttp({ name = '', appProtocol = '' }: ServicePort): boolean {
  return /^http($|-)/.test(name) || appProtocol.toLowerCase() === 'http'
}

export interface BackendInput {
  readonly slicesOf: (namespace: string, service: string) => readonly EndpointSlice[]
  readonly nodeName: string
}

/** Finds the endpoints of a Service's HTTP port that take new requests, also of a headless Service. */
export type BackendFinder = (service: Service) => readonly Backend[]

/** Works them out once for each state of a Service and its slices, which both are replaced when they change. */
export function createBackendFinder(input: BackendInput): BackendFinder {
  const found = new WeakMap<Service, { readonly slices: readonly EndpointSlice[]; readonly backends: readonly Backend[] }>()
  return (service) => {
    const { namespace = 'default', name } = service.metadata
    const slices = input.slicesOf(namespace, name)
    const last = found.get(service)
    if (last && areTheSame(last.slices, slices)) return last.backends
    const backends = httpBackendsOf(service, { nodeName: input.nodeName, slicesOf: () => slices })
    found.set(service, { slices, backends })
    return backends
  }
}

function areTheSame<T>(one: readonly T[], other: readonly T[]): boolean {
  return one.length === other.length && one.every((item, index) => item === other[index])
}

function httpBackendsOf(service: Service, input: BackendInput): readonly Backend[] {
  const port = httpPortOf(service)
  if (!port) return []
  const [route] = routesOf({ ...service, spec: { ...service.spec, ports: [port] } }, input)
  return route?.backends ?? []
}

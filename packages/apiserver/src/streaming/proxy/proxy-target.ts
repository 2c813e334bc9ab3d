import {
  ApiError,
  badRequest,
  ENDPOINT_SLICES,
  type EndpointSlice,
  notFound,
  PODS,
  type Pod,
  SERVICES,
  type Service,
} from '@skiff/api'
import type { RequestInfo } from '../../http/request-context.ts'
import type { ObjectReader } from '../../registry/resource-definition.ts'
import { portNumber } from '../port-forward/port-forward.ts'

/** Where a proxied request goes. Never an address that somebody wrote down: a node's agent, or a port inside a pod. */
export type ProxyTarget =
  | { readonly type: 'node'; readonly node: string }
  | { readonly type: 'pod'; readonly pod: Pod; readonly port: number; readonly scheme: Scheme }

type Scheme = 'http' | 'https'

interface ProxyName {
  readonly scheme: Scheme
  readonly name: string
  readonly port: string
}

export function proxyTarget(info: RequestInfo, objects: ObjectReader): ProxyTarget {
  const asked = parseProxyName(info.name)
  switch (info.resource) {
    case 'nodes':
      return { type: 'node', node: asked.name }
    case 'pods':
      return podTarget(info.namespace, asked, objects)
    case 'services':
      return serviceTarget(info.namespace, asked, objects)
    default:
      throw badRequest(`${info.resource} can't be proxied`)
  }
}

/** `name`, `name:port`, `scheme:name:port`. */
function parseProxyName(text: string): ProxyName {
  const parts = text.split(':')
  const [first = '', second = '', third = ''] = parts
  if (parts.length === 1) return { scheme: 'http', name: first, port: '' }
  if (parts.length === 2) return { scheme: 'http', name: first, port: second }
  if (parts.length === 3 && (first === '' || first === 'http' || first === 'https')) {
    return { scheme: first === 'https' ? 'https' : 'http', name: second, port: third }
  }
  throw badRequest(`invalid proxy request ${JSON.stringify(text)}: expected [scheme:]name[:port]`)
}

function podTarget(namespace: string, { scheme, name, port }: ProxyName, objects: ObjectReader): ProxyTarget {
  const pod = objects.get<Pod>(PODS, { namespace, name })
  if (pod === undefined) throw notFound('pods', name)
  const ports = pod.spec.containers.flatMap((container) => container.ports ?? [])
  const chosen =
    port === '' ? (ports[0]?.containerPort ?? 80) : (ports.find((each) => each.name === port)?.containerPort ?? portNumber(port))
  return { type: 'pod', pod, port: chosen, scheme }
}

function serviceTarget(namespace: string, { scheme, name, port }: ProxyName, objects: ObjectReader): ProxyTarget {
  const [first] = servicePods(objects, { namespace, name, port })
  if (first === undefined) throw noEndpoints(name)
  return { type: 'pod', ...first, scheme }
}

export interface ServicePort {
  readonly namespace: string
  readonly name: string
  /** Its name or number; '' for the Service's first. */
  readonly port: string
}

/** The ready pods behind a Service's port, each with the port there. Throws NotFound, and BadRequest for a port that it hasn't got. */
export function servicePods(objects: ObjectReader, { namespace, name, port }: ServicePort): { pod: Pod; port: number }[] {
  const service = objects.get<Service>(SERVICES, { namespace, name })
  if (service === undefined) throw notFound('services', name)
  const ports = service.spec.ports ?? []
  const wanted = port === '' ? ports[0] : ports.find((each) => each.name === port || String(each.port) === port)
  if (wanted === undefined) throw badRequest(`no service port ${JSON.stringify(port)} found for service ${JSON.stringify(name)}`)
  const slices = objects.list<EndpointSlice>(ENDPOINT_SLICES, namespace).filter((slice) => {
    return slice.metadata.labels?.['kubernetes.io/service-name'] === name
  })
  return slices.flatMap((slice) => {
    const slicePort = (slice.ports ?? []).find((each) => (each.name ?? '') === (wanted.name ?? ''))?.port
    if (slicePort === undefined) return []
    const ready = (slice.endpoints ?? []).filter((each) => each.conditions?.ready !== false && each.targetRef?.kind === 'Pod')
    return ready.flatMap((each) => {
      const pod = objects.get<Pod>(PODS, { namespace, name: each.targetRef?.name ?? '' })
      return pod === undefined ? [] : [{ pod, port: slicePort }]
    })
  })
}

export function noEndpoints(service: string): ApiError {
  return new ApiError('ServiceUnavailable', `no endpoints available for service ${JSON.stringify(service)}`)
}

import { ApiError, type FieldPath, invalid, invalidObject, path, SERVICES, type Service, type ServicePort } from '@skiff/api'
import type { StrategyContext } from '../../../registry/resource-definition.ts'
import { validateService } from '../validate-service.ts'

const POOL = 'node-ports'
type Context = Pick<StrategyContext, 'cluster' | 'objects' | 'claims' | 'random'>

/** Gives every port of a NodePort or LoadBalancer service a port on the nodes, or takes the one it asks for. */
export function allocateNodePorts(service: Service, old: Service | undefined, context: Context): void {
  if (!needsNodePorts(service) || validateService(service).length > 0) return
  const kept = new Set(old ? nodePortsOf(old) : [])
  const own = new Map<number, number>()
  for (const [index, port] of (service.spec.ports ?? []).entries()) {
    if (!port.nodePort) continue
    claimAsked(service, port, path('spec', 'ports').index(index).child('nodePort'), { ...context, kept, own })
  }
  for (const port of service.spec.ports ?? []) {
    if (port.nodePort) continue
    // The same port over another protocol (DNS) gets the same node port.
    port.nodePort = own.get(port.port) ?? nextNodePort(service, context)
    own.set(port.port, port.nodePort)
  }
  if (needsHealthCheckPort(service)) service.spec.healthCheckNodePort ||= nextNodePort(service, context)
}

export function needsNodePorts({ spec }: Service): boolean {
  if (spec.type === 'NodePort') return true
  return spec.type === 'LoadBalancer' && (spec.allocateLoadBalancerNodePorts ?? true)
}

export function needsHealthCheckPort({ spec }: Service): boolean {
  return spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local'
}

function claimAsked(
  service: Service,
  port: ServicePort,
  field: FieldPath,
  context: Context & { readonly kept: ReadonlySet<number>; readonly own: Map<number, number> },
): void {
  const asked = port.nodePort ?? 0
  const { first, last } = context.cluster.nodePorts
  const sharedHere = [...context.own.values()].includes(asked)
  context.own.set(port.port, asked)
  if (sharedHere || context.kept.has(asked)) return
  if (asked < first || asked > last) {
    const range = `The range of valid ports is ${first}-${last}`
    throw invalidObject(SERVICES, service.metadata.name ?? '', [
      invalid(field, asked, `provided port is not in the valid range. ${range}`),
    ])
  }
  if (takenPorts(context).has(asked) || !context.claims.take(POOL, String(asked))) {
    throw invalidObject(SERVICES, service.metadata.name ?? '', [invalid(field, asked, 'provided port is already allocated')])
  }
}

function nextNodePort(service: Service, context: Context): number {
  const { first, last } = context.cluster.nodePorts
  const size = last - first + 1
  const taken = takenPorts(context)
  const mine = new Set(nodePortsOf(service))
  const start = Math.floor(context.random() * size)
  for (let step = 0; step < size; step++) {
    const port = first + ((start + step) % size)
    if (!taken.has(port) && !mine.has(port) && context.claims.take(POOL, String(port))) return port
  }
  throw new ApiError('InternalError', 'Internal error occurred: failed to allocate a nodePort: range is full')
}

function takenPorts({ objects }: Context): ReadonlySet<number> {
  return new Set(objects.list<Service>(SERVICES).flatMap(nodePortsOf))
}

function nodePortsOf({ spec }: Service): number[] {
  const ports = (spec.ports ?? []).flatMap(({ nodePort }) => nodePort || [])
  return spec.healthCheckNodePort ? [...ports, spec.healthCheckNodePort] : ports
}

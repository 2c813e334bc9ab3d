import type { Service } from '@skiff/api'
import { jsonEquals } from '../../patch/json-value.ts'
import { needsHealthCheckPort, needsNodePorts } from './allocators/node-ports.ts'
import { isExternallyAccessible } from './default-service.ts'

/** An update that leaves out what the server gave (PUT of a manifest) keeps it. */
export function keepAllocated(service: Service, old: Service): void {
  const { spec } = service
  followClusterIp(spec, old.spec)
  if (needsAddress(service) && needsAddress(old)) {
    spec.clusterIP ||= old.spec.clusterIP ?? ''
    if ((spec.clusterIPs ?? []).length === 0 && spec.clusterIP === old.spec.clusterIP && old.spec.clusterIPs) {
      spec.clusterIPs = [...old.spec.clusterIPs]
    }
    spec.ipFamilyPolicy ??= old.spec.ipFamilyPolicy ?? 'SingleStack'
    if (old.spec.ipFamilies) spec.ipFamilies ??= [...old.spec.ipFamilies]
  }
  if (needsNodePorts(service) && needsNodePorts(old)) keepNodePorts(service, old)
  if (needsHealthCheckPort(service) && old.spec.healthCheckNodePort) spec.healthCheckNodePort ||= old.spec.healthCheckNodePort
  dropLeftovers(service, old)
}

/** Both ways to say the address say the same; types that have none say none. */
export function dropUnusedFields({ spec }: Service): void {
  if (spec.clusterIP && (spec.clusterIPs ?? []).length === 0) spec.clusterIPs = [spec.clusterIP]
  if (!spec.clusterIP && spec.clusterIPs?.[0]) spec.clusterIP = spec.clusterIPs[0]
  if (spec.clusterIP === '') delete spec.clusterIP
  if (spec.type !== 'ExternalName' && spec.clusterIP === 'None') {
    spec.ipFamilyPolicy ??= 'SingleStack'
    spec.ipFamilies ??= ['IPv4']
  }
}

/** Who changes or clears the old field alone means the list as well. */
function followClusterIp(spec: Service['spec'], before: Service['spec']): void {
  if (!jsonEquals(spec.clusterIPs, before.clusterIPs) || spec.clusterIP === before.clusterIP) return
  if (spec.clusterIP) spec.clusterIPs = [spec.clusterIP]
  else delete spec.clusterIPs
}

function keepNodePorts(service: Service, old: Service): void {
  const given = new Set((service.spec.ports ?? []).map(({ nodePort }) => nodePort))
  const byName = new Map((old.spec.ports ?? []).map(({ name = '', nodePort }) => [name, nodePort]))
  for (const port of service.spec.ports ?? []) {
    const previous = byName.get(port.name ?? '')
    if (!port.nodePort && previous && !given.has(previous)) port.nodePort = previous
  }
}

/** What belonged to the old type goes with it, unless the client set it itself. */
function dropLeftovers({ spec }: Service, { spec: before }: Service): void {
  const now = { spec } as Service
  const then = { spec: before } as Service
  if (needsAddress(then) && !needsAddress(now)) {
    for (const field of ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy'] as const)
      if (jsonEquals(spec[field], before[field])) delete spec[field]
  }
  if (needsNodePorts(then) && !needsNodePorts(now) && samePorts(spec, before)) {
    for (const port of spec.ports ?? []) delete port.nodePort
  }
  if (needsHealthCheckPort(then) && !needsHealthCheckPort(now) && spec.healthCheckNodePort === before.healthCheckNodePort) {
    delete spec.healthCheckNodePort
  }
  if (before.type === 'ExternalName' && spec.type !== 'ExternalName' && spec.externalName === before.externalName) {
    delete spec.externalName
  }
  if (isExternallyAccessible(before) && !isExternallyAccessible(spec)) {
    if (spec.externalTrafficPolicy === before.externalTrafficPolicy) delete spec.externalTrafficPolicy
  }
  if (spec.type === 'ExternalName' && spec.internalTrafficPolicy === before.internalTrafficPolicy)
    delete spec.internalTrafficPolicy
  if (before.type === 'LoadBalancer' && spec.type !== 'LoadBalancer') {
    if (spec.allocateLoadBalancerNodePorts === before.allocateLoadBalancerNodePorts) delete spec.allocateLoadBalancerNodePorts
    if (spec.loadBalancerClass === before.loadBalancerClass) delete spec.loadBalancerClass
  }
}

function needsAddress({ spec }: Service): boolean {
  return spec.type !== 'ExternalName'
}

function samePorts(spec: Service['spec'], before: Service['spec']): boolean {
  const old = new Set((before.ports ?? []).map(({ nodePort }) => nodePort))
  return (spec.ports ?? []).every(({ nodePort }) => old.has(nodePort))
}

/**
 * A route table as nftables objects: chains with their rules, and elements of two maps and a set (pure).
 *
 *   services   address . protocol . port -> chain     looked up for every new connection
 *   nodeports  protocol . port -> chain               looked up when the address is one of this host's
 *   hairpin    pod . same pod                         a pod that reaches itself through a Service
 */
import { createHash } from 'node:crypto'
import type { Backend, Protocol, Route, RouteTable } from '../route-table.ts'

export interface RuleSet {
  /** Chain name to its rules' text. */
  readonly chains: ReadonlyMap<string, readonly string[]>
  /** Element key to chain name. */
  readonly services: ReadonlyMap<string, string>
  readonly nodePorts: ReadonlyMap<string, string>
  readonly hairpin: ReadonlySet<string>
}

/** Set on packets from outside whose reply must come back through this host. */
export const MASQUERADE_MARK = '0x00005000'

export function buildRuleSet(table: RouteTable): RuleSet {
  const chains = new Map<string, readonly string[]>()
  const services = new Map<string, string>()
  const nodePorts = new Map<string, string>()
  const hairpin = new Set<string>()
  for (const route of table.routes) {
    const hash = hashOf(route.id)
    if (route.backends.length > 0) {
      const chain = `svc_${hash}`
      chains.set(chain, [dnatRule(route.protocol, route.backends, route.sticky)])
      for (const ip of route.clusterIps) services.set(`${ip} . ${route.protocol} . ${route.port}`, chain)
    }
    if (route.externalBackends.length > 0 && isReachedFromOutside(route)) {
      const chain = `ext_${hash}`
      const mark = route.keepsSource ? [] : [`meta mark set meta mark or ${MASQUERADE_MARK}`]
      chains.set(chain, [...mark, dnatRule(route.protocol, route.externalBackends, route.sticky)])
      for (const ip of route.externalIps) services.set(`${ip} . ${route.protocol} . ${route.port}`, chain)
      if (route.nodePort !== undefined) nodePorts.set(`${route.protocol} . ${route.nodePort}`, chain)
    }
    for (const { ip } of route.backends) hairpin.add(`${ip} . ${ip}`)
  }
  return { chains, services, nodePorts, hairpin }
}

function isReachedFromOutside(route: Route): boolean {
  return route.nodePort !== undefined || route.externalIps.length > 0
}

/** `numgen inc` deals connections out in turn, so that the shares are exactly even on each host. */
function dnatRule(protocol: Protocol, backends: readonly Backend[], sticky: boolean): string {
  const [only] = backends
  if (only && backends.length === 1) return `meta l4proto ${protocol} dnat to ${only.ip}:${only.port}`
  const choice = sticky ? `jhash ip saddr mod ${backends.length}` : `numgen inc mod ${backends.length}`
  const targets = backends.map(({ ip, port }, i) => `${i} : ${ip} . ${port}`).join(', ')
  return `meta l4proto ${protocol} dnat to ${choice} map { ${targets} }`
}

function hashOf(id: string): string {
  return createHash('sha256').update(id).digest('hex').slice(0, 12)
}

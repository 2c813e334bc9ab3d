/**
 * A route table as nftables objects: chains with their rules, elements of two maps and two sets, and the sets in which
 * endpoints remember clients (pure).
 *
 *   services   address . protocol . port -> chain     looked up for every new connection
 *   nodeports  protocol . port -> chain               looked up when the address is one of this host's
 *   external   address . protocol . port              addresses outside the Service range that Services claim
 *   hairpin    pod . same pod                         a pod that reaches itself through a Service
 */
import type { Backend, Protocol, Route, RouteTable } from '../route-table.ts'
import { affinityRules, stickyEndpoint } from './affinity.ts'
import { hashOf } from './hash-of.ts'

export interface RuleSet {
  /** Chain name to its rules' text. */
  readonly chains: ReadonlyMap<string, readonly string[]>
  /** Element key to chain name. */
  readonly services: ReadonlyMap<string, string>
  readonly nodePorts: ReadonlyMap<string, string>
  readonly external: ReadonlySet<string>
  readonly hairpin: ReadonlySet<string>
  /** Names of the sets that packets fill. */
  readonly affinities: ReadonlySet<string>
  /** Chain name to everyone it may lead to. */
  readonly backends: ReadonlyMap<string, readonly Backend[]>
}

/** On packets from outside whose reply must come back through this host, and on every connection that a Service's rules lead to a backend. */
export const SERVICE_MARK = '0x00005000'
/** On connections that another backend could have as well. */
export const SPARE_MARK = '0x00002000'
/** The host's end of every pod's pair of links begins so. */
export const POD_LINKS = 'skf'

export function buildRuleSet(table: RouteTable): RuleSet {
  const rules = emptyRuleSet()
  for (const route of table.routes) addRoute(rules, route)
  // Last, so that no Service takes another's cluster IP by naming it as an external one.
  for (const route of table.routes) {
    const chain = internalChain(route)
    for (const ip of route.clusterIps) {
      const key = serviceKey(ip, route)
      if (chain) rules.services.set(key, chain)
      else rules.services.delete(key)
      rules.external.delete(key)
    }
  }
  return rules
}

interface MutableRuleSet extends RuleSet {
  readonly chains: Map<string, readonly string[]>
  readonly services: Map<string, string>
  readonly nodePorts: Map<string, string>
  readonly external: Set<string>
  readonly hairpin: Set<string>
  readonly affinities: Set<string>
  readonly backends: Map<string, readonly Backend[]>
}

export function emptyRuleSet(): MutableRuleSet {
  return {
    chains: new Map(),
    services: new Map(),
    nodePorts: new Map(),
    external: new Set(),
    hairpin: new Set(),
    affinities: new Set(),
    backends: new Map(),
  }
}

function addRoute(rules: MutableRuleSet, route: Route): void {
  const internal = internalChain(route)
  if (internal) {
    rules.chains.set(internal, leadRules(rules, route, route.backends))
    rules.backends.set(internal, route.backends)
    for (const { ip } of route.backends) rules.hairpin.add(`${ip} . ${ip}`)
  }
  const external = externalChain(route)
  if (external) {
    rules.chains.set(external, externalRules(rules, route))
    rules.backends.set(external, [...route.externalBackends, ...(route.keepsSource ? route.backends : [])])
    if (route.nodePort !== undefined) setIfAbsent(rules.nodePorts, nodePortKey(route.nodePort, route), external)
  }
  for (const ip of route.externalIps) {
    rules.external.add(serviceKey(ip, route))
    if (external) setIfAbsent(rules.services, serviceKey(ip, route), external)
  }
}

const serviceKey = (ip: string, { protocol, port }: Route): string => `${ip} . ${protocol} . ${port}`
const nodePortKey = (nodePort: number, { protocol }: Route): string => `${protocol} . ${nodePort}`

function internalChain(route: Route): string | undefined {
  return route.backends.length > 0 ? `svc_${hashOf(route.id)}` : undefined
}

function externalChain(route: Route): string | undefined {
  const isReachedFromOutside = route.nodePort !== undefined || route.externalIps.length > 0
  const hasBackends = route.externalBackends.length > 0 || (route.keepsSource && route.backends.length > 0)
  return isReachedFromOutside && hasBackends ? `ext_${hashOf(route.id)}` : undefined
}

/** With externalTrafficPolicy Local only who comes from outside is kept on this host: the host and its pods are inside. */
function externalRules(rules: MutableRuleSet, route: Route): string[] {
  const internal = internalChain(route)
  if (!route.keepsSource)
    return [MARK_FOR_MASQUERADE, ...(internal && isSame(route) ? [`goto ${internal}`] : leadOutside(rules, route))]
  const shortCuts = internal
    ? [`fib saddr type local ${MARK_FOR_MASQUERADE} goto ${internal}`, `iifname "${POD_LINKS}*" goto ${internal}`]
    : []
  return [...shortCuts, ...leadOutside(rules, route)]
}

const MARK_FOR_MASQUERADE = `meta mark set meta mark or ${SERVICE_MARK}`

/** As it is nearly always: then one chain changes with the endpoints. */
function isSame({ backends, externalBackends }: Route): boolean {
  return (
    backends.length === externalBackends.length &&
    backends.every(({ ip, port }, i) => {
      const other = externalBackends[i]
      return other?.ip === ip && other.port === port
    })
  )
}

function leadOutside(rules: MutableRuleSet, route: Route): string[] {
  return route.externalBackends.length > 0 ? leadRules(rules, route, route.externalBackends) : []
}

function leadRules(rules: MutableRuleSet, route: Route, backends: readonly Backend[]): string[] {
  const marks = backends.length > 1 ? [SERVICE_MARK, SPARE_MARK] : [SERVICE_MARK]
  const mark = `ct mark set ct mark or ${marks.join(' or ')}`
  const { affinitySeconds } = route
  if (affinitySeconds === undefined) return [mark, dnatRule(route.protocol, backends)]
  return [mark, ...leadBack(rules, route, backends, affinitySeconds)]
}

/** `numgen inc` deals connections out in turn, so that the shares are exactly even on each host. */
function dnatRule(protocol: Protocol, backends: readonly Backend[]): string {
  const [only] = backends
  if (only && backends.length === 1) return `meta l4proto ${protocol} dnat to ${only.ip}:${only.port}`
  const targets = backends.map(({ ip, port }, i) => `${i} : ${ip} . ${port}`).join(', ')
  return `meta l4proto ${protocol} dnat to numgen inc mod ${backends.length} map { ${targets} }`
}

/** An endpoint's chain is the same for those from inside and from outside, and so is whom it remembers. */
function leadBack(rules: MutableRuleSet, route: Route, backends: readonly Backend[], seconds: number): string[] {
  const endpoints = backends.map((backend) => stickyEndpoint(route, backend, seconds))
  for (const { chain, set, rules: lines } of endpoints) {
    rules.chains.set(chain, lines)
    rules.affinities.add(set)
  }
  return affinityRules(endpoints)
}

/** Who asked first, in the table's order, keeps an address or a port that two Services claim. */
function setIfAbsent(map: Map<string, string>, key: string, chain: string): void {
  if (!map.has(key)) map.set(key, chain)
}

/** Addresses that were backends and are none any more. */
export function departedBackends(before: RuleSet, after: RuleSet): string[] {
  const now = addressesOf(after)
  return [...addressesOf(before)].filter((ip) => !now.has(ip))
}

function addressesOf({ backends }: RuleSet): Set<string> {
  return new Set([...backends.values()].flat().map(({ ip }) => ip))
}

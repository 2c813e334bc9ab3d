import type { HostPort } from '../runtime/runtime.ts'
import { isAnyAddress } from './held-ports.ts'

/** One element of a set or map of our table (see firewall.ts), in nftables' words. */
export interface RuleElement {
  readonly set: 'hostports' | 'hostports_by_ip' | 'hairpins'
  readonly key: string
  /** Where it leads; empty in a set. */
  readonly value: string
  /** The pod's address, by which a pod's elements are found again. */
  readonly ip: string
}

export function hostPortElements(ip: string, ports: readonly HostPort[]): readonly RuleElement[] {
  if (ports.length === 0) return []
  const portElements = ports.map(({ hostIp, hostPort, protocol, containerPort }): RuleElement => {
    const key = `${protocol.toLowerCase()} . ${hostPort}`
    const value = `${ip} . ${containerPort}`
    return isAnyAddress(hostIp)
      ? { set: 'hostports', key, value, ip }
      : { set: 'hostports_by_ip', key: `${hostIp} . ${key}`, value, ip }
  })
  // A pod that calls its own host port must not see its own address as the caller's.
  return [...portElements, { set: 'hairpins', key: `${ip} . ${ip}`, value: '', ip }]
}

/** What to take away and what to add so that a pod's elements are the wanted ones and no other pod's stand in their way. */
export function planHostPorts(
  present: readonly RuleElement[],
  ip: string,
  wanted: readonly RuleElement[],
): { readonly remove: readonly RuleElement[]; readonly add: readonly RuleElement[] } {
  const same = (a: RuleElement, b: RuleElement) => samePlace(a, b) && a.value === b.value
  const remove = present.filter(
    (element) =>
      !wanted.some((other) => same(element, other)) && (element.ip === ip || wanted.some((other) => samePlace(element, other))),
  )
  return { remove, add: wanted.filter((element) => !present.some((other) => same(element, other))) }
}

export function samePlace(a: RuleElement, b: RuleElement): boolean {
  return a.set === b.set && a.key === b.key
}

export function hostPortScript(table: string, plan: ReturnType<typeof planHostPorts>): string {
  const remove = plan.remove.map(({ set, key }) => `delete element ip ${table} ${set} { ${key} }\n`)
  const add = plan.add.map(({ set, key, value }) => `add element ip ${table} ${set} { ${key}${value && ` : ${value}`} }\n`)
  return [...remove, ...add].join('')
}

interface Tuple {
  readonly concat: readonly (string | number)[]
}
interface Listing {
  readonly nftables: readonly {
    readonly [kind in 'map' | 'set']?: { readonly name: string; readonly elem?: readonly (Tuple | readonly Tuple[])[] }
  }[]
}

/** The elements in `nft -j list table`: a tuple each in a set, a pair of tuples in a map. */
export function parseElements(listing: string): readonly RuleElement[] {
  const { nftables } = JSON.parse(listing) as Listing
  return nftables.flatMap(({ map, set }) => {
    const name = (map ?? set)?.name
    if (name !== 'hostports' && name !== 'hostports_by_ip' && name !== 'hairpins') return []
    return ((map ?? set)?.elem ?? []).flatMap((element) => {
      const [key, value] = 'concat' in element && !Array.isArray(element) ? [element as Tuple] : (element as readonly Tuple[])
      if (key === undefined) return []
      const ip = String((value ?? key).concat[0])
      return [{ set: name, key: key.concat.join(' . '), value: value?.concat.join(' . ') ?? '', ip } as const]
    })
  })
}

/**
 * Session affinity ClientIP (pure): each endpoint has a set of the clients that it has met, with the time until it is
 * forgotten, and is asked first. As kube-proxy's nftables mode has it.
 */
import type { Backend, Route } from '../route-table.ts'
import { hashOf } from './hash-of.ts'

/** One endpoint of a sticky Service's port: the chain that leads there, and the clients that it remembers. */
export interface StickyEndpoint {
  readonly chain: string
  readonly set: string
  readonly rules: readonly string[]
}

/** A client that meets the endpoint again is remembered from then on. A full set remembers no further ones. */
export function stickyEndpoint({ id, protocol }: Route, { ip, port }: Backend, seconds: number): StickyEndpoint {
  const name = hashOf(`${id} ${ip}:${port}`)
  const set = `affinity_${name}`
  return {
    chain: `end_${name}`,
    set,
    rules: [`update @${set} { ip saddr timeout ${seconds}s }`, `meta l4proto ${protocol} dnat to ${ip}:${port}`],
  }
}

/** Whom nobody remembers is dealt out in turn. */
export function affinityRules(endpoints: readonly StickyEndpoint[]): string[] {
  const turns = endpoints.map(({ chain }, i) => `${i} : goto ${chain}`).join(', ')
  return [
    ...endpoints.map(({ chain, set }) => `ip saddr @${set} goto ${chain}`),
    `numgen inc mod ${endpoints.length} vmap { ${turns} }`,
  ]
}

/** The time-out is each element's own, so that the set outlives a change of `timeoutSeconds`. */
export const AFFINITY_SET = '{ type ipv4_addr; flags dynamic,timeout; size 65535; }'

/** Set name to its elements: clients with the time that is left to each. */
export type RememberedClients = ReadonlyMap<string, readonly string[]>

/** From what `nft list sets` prints: the clients of those sets, to be remembered in a new table. */
export function rememberedClients(listing: string, sets: ReadonlySet<string>): RememberedClients {
  const remembered = new Map<string, readonly string[]>()
  for (const [, set = '', elements = ''] of listing.matchAll(/set (\w+) \{[^{}]*elements = \{([^{}]*)\}/g)) {
    const clients = [...elements.matchAll(/([\d.]+)[^,]* expires (\w*[1-9]\w*)/g)].map(([, ip, rest]) => `${ip} timeout ${rest}`)
    if (sets.has(set) && clients.length > 0) remembered.set(set, clients)
  }
  return remembered
}

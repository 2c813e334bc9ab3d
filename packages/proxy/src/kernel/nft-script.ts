/**
 * The text given to `nft -f -`, which applies it as one transaction: either everything, or nothing (pure).
 */
import { MASQUERADE_MARK, type RuleSet } from './rule-set.ts'

export interface NftTable {
  readonly name: string
  readonly serviceCidr: string
  /** The cluster DNS's own address: answered on this host, not routed. */
  readonly dnsAddress: string
}

/** Replaces the whole table by these rules. */
export function replaceTableScript(table: NftTable, rules: RuleSet): string {
  return [`table ip ${table.name}`, `delete table ip ${table.name}`, baseTable(table), ...additions(table.name, EMPTY_RULE_SET, rules)].join('\n')
}

/** Changes only what differs; '' when nothing does. */
export function updateTableScript(table: NftTable, before: RuleSet, after: RuleSet): string {
  return [...additions(table.name, before, after), ...removals(table.name, before, after)].join('\n')
}

export function deleteTableScript(name: string): string {
  return `table ip ${name}\ndelete table ip ${name}`
}

export const EMPTY_RULE_SET: RuleSet = { chains: new Map(), services: new Map(), nodePorts: new Map(), hairpin: new Set() }

/**
 * The fixed part. Priority -110 comes before Docker's own -100. What reaches the filter hooks with a Service's
 * address was not translated: no endpoint is there, and saying so at once beats a time-out.
 */
function baseTable({ name, serviceCidr, dnsAddress }: NftTable): string {
  return `table ip ${name} {
  map services { type ipv4_addr . inet_proto . inet_service : verdict; }
  map nodeports { type inet_proto . inet_service : verdict; }
  set hairpin { type ipv4_addr . ipv4_addr; }
  chain dispatch {
    ip daddr . meta l4proto . th dport vmap @services
    fib daddr type local meta l4proto . th dport vmap @nodeports
  }
  chain prerouting { type nat hook prerouting priority -110; jump dispatch; }
  chain output { type nat hook output priority -110; jump dispatch; }
  chain postrouting { type nat hook postrouting priority 90;
    meta mark and ${MASQUERADE_MARK} == ${MASQUERADE_MARK} masquerade
    ip saddr 127.0.0.0/8 oifname != "lo" masquerade
    ip saddr . ip daddr @hairpin masquerade
  }
  chain unanswered { ip daddr ${dnsAddress} accept; ip daddr ${serviceCidr} reject with icmp type port-unreachable; }
  chain forward_filter { type filter hook forward priority -10; jump unanswered; }
  chain output_filter { type filter hook output priority 10; jump unanswered; }
  chain martians { type filter hook prerouting priority -300; iifname != "lo" ip daddr 127.0.0.0/8 drop; }
}`
}

function additions(name: string, before: RuleSet, after: RuleSet): string[] {
  const lines: string[] = []
  for (const [chain, rules] of after.chains) {
    const old = before.chains.get(chain)
    if (old && old.join('\n') === rules.join('\n')) continue
    lines.push(old ? `flush chain ip ${name} ${chain}` : `add chain ip ${name} ${chain}`)
    for (const rule of rules) lines.push(`add rule ip ${name} ${chain} ${rule}`)
  }
  for (const [map, from, to] of verdictMaps(before, after)) {
    const changed = [...to].filter(([key, chain]) => from.get(key) !== chain)
    const replaced = changed.filter(([key]) => from.has(key)).map(([key]) => key)
    if (replaced.length > 0) lines.push(`delete element ip ${name} ${map} { ${replaced.join(', ')} }`)
    if (changed.length > 0) lines.push(`add element ip ${name} ${map} { ${changed.map(([key, chain]) => `${key} : goto ${chain}`).join(', ')} }`)
  }
  const loops = [...after.hairpin].filter((pair) => !before.hairpin.has(pair))
  if (loops.length > 0) lines.push(`add element ip ${name} hairpin { ${loops.join(', ')} }`)
  return lines
}

function removals(name: string, before: RuleSet, after: RuleSet): string[] {
  const lines: string[] = []
  for (const [map, from, to] of verdictMaps(before, after)) {
    const gone = [...from.keys()].filter((key) => !to.has(key))
    if (gone.length > 0) lines.push(`delete element ip ${name} ${map} { ${gone.join(', ')} }`)
  }
  const loops = [...before.hairpin].filter((pair) => !after.hairpin.has(pair))
  if (loops.length > 0) lines.push(`delete element ip ${name} hairpin { ${loops.join(', ')} }`)
  for (const chain of before.chains.keys()) {
    if (!after.chains.has(chain)) lines.push(`delete chain ip ${name} ${chain}`)
  }
  return lines
}

type VerdictMap = [map: string, before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>]

function verdictMaps(before: RuleSet, after: RuleSet): VerdictMap[] {
  return [
    ['services', before.services, after.services],
    ['nodeports', before.nodePorts, after.nodePorts],
  ]
}

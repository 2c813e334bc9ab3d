/**
 * The text given to `nft -f -`, which applies it as one transaction: either everything, or nothing (pure).
 */
import { AFFINITY_SET, type RememberedClients } from './affinity.ts'
import { emptyRuleSet, type RuleSet, SERVICE_MARK, SPARE_MARK } from './rule-set.ts'

export interface NftTable {
  readonly name: string
  readonly serviceCidr: string
  /** The cluster DNS's own address: answered on this host, not routed. */
  readonly dnsAddress: string
  /** false: the kernel knows no time-outs of single connections (CONFIG_NF_CONNTRACK_TIMEOUT). */
  readonly hasTimeouts?: boolean
  /** false: the kernel can't count by connection (CONFIG_NFT_LIMIT). */
  readonly hasLimits?: boolean
}

/** Replaces the whole table by these rules; who was remembered still is. */
export function replaceTableScript(table: NftTable, rules: RuleSet, remembered: RememberedClients = new Map()): string {
  return [
    `table ip ${table.name}`,
    `delete table ip ${table.name}`,
    baseTable(table),
    guardLoopbackScript(table.name),
    ...changes(table.name, emptyRuleSet(), rules),
    ...[...remembered].flatMap(([set, clients]) => elementLines(table.name, set, [], clients)),
  ].join('\n')
}

/** Changes only what differs; '' when nothing does. */
export function updateTableScript(table: NftTable, before: RuleSet, after: RuleSet): string {
  return changes(table.name, before, after).join('\n')
}

export function deleteTableScript(name: string): string {
  return `table ip ${name}\ndelete table ip ${name}`
}

/** Keeps others from reaching what listens on 127.0.0.1 only, which `route_localnet` would let them do (as CVE-2020-8558). */
export function guardLoopbackScript(name: string): string {
  return [
    `table ip ${name} { chain martians { type filter hook prerouting priority -300; }; }`,
    `flush chain ip ${name} martians`,
    `add rule ip ${name} martians iifname != "lo" ip daddr 127.0.0.0/8 drop`,
  ].join('\n')
}

/** Accepted by a kernel that has time-outs. */
export function timeoutsScript(name: string): string {
  return `table ip ${name} {\n${UNANSWERED}\n}`
}

const UNANSWERED = 'ct timeout unanswered { protocol tcp; l3proto ip; policy = { syn_sent : 1 }; }'

const FORGET_UNANSWERED = `ct state new ct mark and ${SERVICE_MARK} == ${SERVICE_MARK} meta l4proto tcp ct timeout set "unanswered"`

/** Accepted by a kernel that has limits. */
export function limitsScript(name: string): string {
  return `table ip ${name} {\n${REFUSED}\nchain unreached {\n${FORGIVE_REFUSALS}\n}\n}`
}

const REFUSED = 'set refused { type ipv4_addr . inet_service; flags dynamic,timeout; timeout 30s; size 65535; }'

/** A reset that answers a connection's first packet has the number 0. The first attempt and two more, by the client's own port. */
const FORGIVE_REFUSALS = [
  `ct mark and ${SPARE_MARK} == ${SPARE_MARK} tcp flags & (rst | ack) == rst | ack tcp sequence 0`,
  'update @refused { ct original ip saddr . ct original proto-src limit rate 3/minute burst 3 packets } drop',
].join(' ')

/** Only the whole table has this chain. */
export const LANDMARK_CHAIN = 'dispatch'

/**
 * The fixed part. Priority -110 comes before Docker's own -100. What reaches the filter hooks with a Service's
 * address was not translated: no endpoint is there, and saying so at once beats a time-out.
 *
 * What the host itself sends to Services leaves with the address of the link it leaves by: the one that was chosen for
 * the Service's address may be of another network, to which no reply finds its way.
 *
 * A backend whose host has gone answers nothing until it departs, seconds later. Its connections are forgotten in a
 * second, so that the attempt that a client's kernel makes then meets the next backend; and that the host can't be
 * reached is kept from the client, who would give up.
 */
function baseTable({ name, serviceCidr, dnsAddress, hasTimeouts = true, hasLimits = true }: NftTable): string {
  return `table ip ${name} {
  map services { type ipv4_addr . inet_proto . inet_service : verdict; }
  map nodeports { type inet_proto . inet_service : verdict; }
  set external { type ipv4_addr . inet_proto . inet_service; }
  set hairpin { type ipv4_addr . ipv4_addr; }
  ${hasTimeouts ? UNANSWERED : ''}
  ${hasLimits ? REFUSED : ''}
  chain ${LANDMARK_CHAIN} {
    ip daddr . meta l4proto . th dport vmap @services
    fib daddr type local meta l4proto . th dport vmap @nodeports
  }
  chain prerouting { type nat hook prerouting priority -110; jump ${LANDMARK_CHAIN}; }
  chain output { type nat hook output priority -110; jump ${LANDMARK_CHAIN}; }
  chain postrouting { type nat hook postrouting priority 90;
    meta mark and ${SERVICE_MARK} == ${SERVICE_MARK} masquerade
    ip saddr 127.0.0.0/8 oifname != "lo" masquerade
    ct original ip daddr ${serviceCidr} fib saddr type local oifname != "lo" masquerade
    ip saddr . ip daddr @hairpin masquerade
  }
  chain unanswered {
    ip daddr ${dnsAddress} accept
    ip daddr ${serviceCidr} goto refuse
    ip daddr . meta l4proto . th dport @external goto refuse
  }
  chain refuse {
    meta l4proto tcp reject with tcp reset
    reject with icmp type port-unreachable
  }
  chain opened {
    ${hasTimeouts ? FORGET_UNANSWERED : ''}
  }
  chain unreached {
    ${hasLimits ? FORGIVE_REFUSALS : ''}
    icmp type destination-unreachable icmp code { 0, 1 } goto keep_from_client
  }
  chain keep_from_client {
    ct protocol tcp ct mark and ${SERVICE_MARK} == ${SERVICE_MARK} drop
  }
  chain input_filter { type filter hook input priority -10; jump unreached; }
  chain forward_filter { type filter hook forward priority -10; jump unanswered; jump opened; jump unreached; }
  chain output_filter { type filter hook output priority 10; jump unanswered; jump opened; jump unreached; }
}`
}

/** In this order nothing is referred to before it is there, or taken away while it is referred to. */
function changes(name: string, before: RuleSet, after: RuleSet): string[] {
  return [
    ...affinityLines('add', name, before, after),
    ...changedChains(name, before, after),
    ...changedElements(name, before, after),
    ...goneChains(name, before, after),
    ...affinityLines('delete', name, after, before),
  ]
}

/** The sets that `to` has and `from` hasn't. */
function affinityLines(verb: 'add' | 'delete', name: string, from: RuleSet, to: RuleSet): string[] {
  const sets = [...to.affinities].filter((set) => !from.affinities.has(set))
  return sets.map((set) => `${verb} set ip ${name} ${set}${verb === 'add' ? ` ${AFFINITY_SET}` : ''}`)
}

function changedChains(name: string, before: RuleSet, after: RuleSet): string[] {
  const fresh: string[] = []
  const contents: string[] = []
  for (const [chain, rules] of after.chains) {
    const old = before.chains.get(chain)
    if (old && old.join('\n') === rules.join('\n')) continue
    if (old) contents.push(`flush chain ip ${name} ${chain}`)
    else fresh.push(`add chain ip ${name} ${chain}`)
    for (const rule of rules) contents.push(`add rule ip ${name} ${chain} ${rule}`)
  }
  return [...fresh, ...contents]
}

function changedElements(name: string, before: RuleSet, after: RuleSet): string[] {
  return [
    ...changedMap(name, 'services', before.services, after.services),
    ...changedMap(name, 'nodeports', before.nodePorts, after.nodePorts),
    ...changedSet(name, 'external', before.external, after.external),
    ...changedSet(name, 'hairpin', before.hairpin, after.hairpin),
  ]
}

function changedMap(
  name: string,
  map: string,
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): string[] {
  const gone = [...before].filter(([key, chain]) => after.get(key) !== chain).map(([key]) => key)
  const added = [...after].filter(([key, chain]) => before.get(key) !== chain).map(([key, chain]) => `${key} : goto ${chain}`)
  return elementLines(name, map, gone, added)
}

function changedSet(name: string, set: string, before: ReadonlySet<string>, after: ReadonlySet<string>): string[] {
  const gone = [...before].filter((element) => !after.has(element))
  const added = [...after].filter((element) => !before.has(element))
  return elementLines(name, set, gone, added)
}

function elementLines(name: string, collection: string, gone: readonly string[], added: readonly string[]): string[] {
  return [
    ...(gone.length > 0 ? [`delete element ip ${name} ${collection} { ${gone.join(', ')} }`] : []),
    ...(added.length > 0 ? [`add element ip ${name} ${collection} { ${added.join(', ')} }`] : []),
  ]
}

/** Emptied first: a chain that goes may lead to another that goes. */
function goneChains(name: string, before: RuleSet, after: RuleSet): string[] {
  const gone = [...before.chains.keys()].filter((chain) => !after.chains.has(chain))
  return [...gone.map((chain) => `flush chain ip ${name} ${chain}`), ...gone.map((chain) => `delete chain ip ${name} ${chain}`)]
}

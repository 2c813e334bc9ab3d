/**
 * The kernel goes on sending a UDP flow to where its first packet went, translated or not, for as long as packets come.
 * These are the flows that today's rules would send elsewhere (pure).
 */
import ipaddr from 'ipaddr.js'
import type { NftTable } from './nft-script.ts'
import type { RuleSet } from './rule-set.ts'

/** All flows to one address that one backend answers. */
export interface UdpFlows {
  readonly destination: string
  readonly port: string
  readonly answeredBy: string
}

export interface UdpFlowInput {
  /** What `conntrack -L -p udp` prints. */
  readonly conntrack: string
  readonly table: NftTable
  readonly before: RuleSet
  readonly after: RuleSet
  /** This host's own addresses: NodePorts are reached there. */
  readonly hostAddresses: ReadonlySet<string>
}

export function staleUdpFlows(input: UdpFlowInput): UdpFlows[] {
  const stale = new Map<string, UdpFlows>()
  for (const line of input.conntrack.split('\n')) {
    const flow = FLOW.exec(line)?.groups as { dst: string; dport: string; by: string; byPort: string } | undefined
    if (!flow || !isOurs(input, flow.dst, flow.dport)) continue
    const { dst: destination, dport: port, by: answeredBy } = flow
    if (!mayLeadTo(input, flow)) stale.set(`${destination} ${port} ${answeredBy}`, { destination, port, answeredBy })
  }
  return [...stale.values()]
}

/** Whether something about UDP differs, so that looking for stale flows is worth while. */
export function udpChanged(before: RuleSet, after: RuleSet): boolean {
  return describeUdp(before) !== describeUdp(after)
}

/** Two tuples, the second as the answers come: from the backend. */
const FLOW = /src=\S+ dst=(?<dst>\S+) sport=\d+ dport=(?<dport>\d+) .*?src=(?<by>\S+) dst=\S+ sport=(?<byPort>\d+) dport=\d+/

function isOurs({ table, before, after, hostAddresses }: UdpFlowInput, ip: string, port: string): boolean {
  if (isInRange(ip, table.serviceCidr)) return ip !== table.dnsAddress || after.services.has(serviceKey(ip, port))
  const isClaimed = ({ external, nodePorts }: RuleSet) =>
    external.has(serviceKey(ip, port)) || (hostAddresses.has(ip) && nodePorts.has(`udp . ${port}`))
  return isClaimed(before) || isClaimed(after)
}

function mayLeadTo(
  { after, hostAddresses }: UdpFlowInput,
  flow: { dst: string; dport: string; by: string; byPort: string },
): boolean {
  const chain =
    after.services.get(serviceKey(flow.dst, flow.dport)) ??
    (hostAddresses.has(flow.dst) ? after.nodePorts.get(`udp . ${flow.dport}`) : undefined)
  const backends = chain === undefined ? [] : (after.backends.get(chain) ?? [])
  return backends.some(({ ip, port }) => ip === flow.by && String(port) === flow.byPort)
}

const serviceKey = (ip: string, port: string): string => `${ip} . udp . ${port}`

function isInRange(ip: string, cidr: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(ip) && ipaddr.IPv4.parse(ip).match(ipaddr.IPv4.parseCIDR(cidr))
}

function describeUdp({ services, nodePorts, backends }: RuleSet): string {
  const ofUdp = [...services, ...nodePorts].filter(([key]) => /\budp\b/.test(key))
  return ofUdp.map(([key, chain]) => `${key} ${JSON.stringify(backends.get(chain))}`).join('\n')
}

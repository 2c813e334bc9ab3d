import { describe, expect, it } from 'vitest'
import type { Backend, Route } from '../route-table.ts'
import { buildRuleSet, emptyRuleSet } from './rule-set.ts'
import { staleUdpFlows, udpChanged } from './udp-flows.ts'

const table = { name: 'skiff_0', serviceCidr: '10.96.0.0/16', dnsAddress: '10.96.0.10' }
const hostAddresses = new Set(['10.9.0.1', '127.0.0.1'])
const POD: Backend = { ip: '10.244.1.2', port: 8053 }

function rulesWith(backends: readonly Backend[], changes: Partial<Route> = {}) {
  return buildRuleSet({
    routes: [
      {
        id: 'dns',
        protocol: 'udp',
        port: 53,
        clusterIps: ['10.96.0.50'],
        externalIps: ['203.0.113.7'],
        nodePort: 30_053,
        backends,
        externalBackends: backends,
        keepsSource: false,
        affinitySeconds: undefined,
        ...changes,
      },
    ],
  })
}

/** As conntrack 1.4.7 prints it. */
function flow(to: string, port: number, by: string, byPort: number): string {
  return `udp      17 29 src=10.244.1.9 dst=${to} sport=4444 dport=${port} [UNREPLIED] src=${by} dst=10.244.1.9 sport=${byPort} dport=4444 mark=0 use=1`
}

function stale(
  conntrack: readonly string[],
  backends: readonly Backend[],
  before = emptyRuleSet() as ReturnType<typeof rulesWith>,
) {
  return staleUdpFlows({ conntrack: conntrack.join('\n'), table, before, after: rulesWith(backends), hostAddresses })
}

describe('stale UDP flows', () => {
  it('are those whose backend is none any more, at every address of the Service', () => {
    const flows = [
      flow('10.96.0.50', 53, '10.244.1.3', 8053),
      flow('203.0.113.7', 53, '10.244.1.3', 8053),
      flow('127.0.0.1', 30_053, '10.244.1.3', 8053),
    ]
    expect(stale(flows, [POD])).toEqual([
      { destination: '10.96.0.50', port: '53', answeredBy: '10.244.1.3' },
      { destination: '203.0.113.7', port: '53', answeredBy: '10.244.1.3' },
      { destination: '127.0.0.1', port: '30053', answeredBy: '10.244.1.3' },
    ])
  })

  it('are not those that still go to a backend', () => {
    expect(stale([flow('10.96.0.50', 53, POD.ip, POD.port), flow('10.9.0.1', 30_053, POD.ip, POD.port)], [POD])).toEqual([])
  })

  it('are those that were never translated, because there was no backend', () => {
    expect(stale([flow('10.9.0.1', 30_053, '10.9.0.1', 30_053)], [POD])).toHaveLength(1)
  })

  it('are those of a Service that is gone', () => {
    expect(
      stale([flow('10.96.0.50', 53, POD.ip, POD.port), flow('10.9.0.1', 30_053, POD.ip, POD.port)], [], rulesWith([POD])),
    ).toHaveLength(2)
  })

  it('are never those of others: the cluster DNS itself, other hosts, other ports', () => {
    const flows = [
      flow('10.96.0.10', 53, '10.96.0.10', 53),
      flow('10.9.0.77', 30_053, '10.9.0.77', 30_053),
      flow('10.9.0.1', 123, '10.9.0.1', 123),
      flow('8.8.8.8', 53, '8.8.8.8', 53),
    ]
    expect(stale(flows, [POD])).toEqual([])
  })
})

it('looks for stale flows only when something about UDP changed', () => {
  expect(udpChanged(rulesWith([POD]), rulesWith([POD]))).toBe(false)
  expect(udpChanged(rulesWith([POD]), rulesWith([]))).toBe(true)
  const outside = { clusterIps: [] }
  const others = [POD, { ip: '10.244.1.3', port: 8053 }]
  expect(udpChanged(rulesWith([POD], outside), rulesWith(others, outside))).toBe(true)
})

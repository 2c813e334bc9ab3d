import { describe, expect, it } from 'vitest'
import type { Route } from '../route-table.ts'
import { type NftTable, replaceTableScript, updateTableScript } from './nft-script.ts'
import { buildRuleSet, departedBackends, emptyRuleSet } from './rule-set.ts'

const TABLE = { name: 'skiff_0', serviceCidr: '10.96.0.0/16', dnsAddress: '10.96.0.10' }
const a = { ip: '10.244.1.2', port: 8080 }
const b = { ip: '10.244.1.3', port: 8080 }

function route(id: string, changes: Partial<Route> = {}): Route {
  const backends = changes.backends ?? [a]
  return {
    id,
    protocol: 'tcp',
    port: 80,
    clusterIps: [],
    externalIps: [],
    nodePort: undefined,
    backends,
    externalBackends: backends,
    keepsSource: false,
    affinitySeconds: undefined,
    ...changes,
  }
}

const rulesOf = (...routes: readonly Route[]) => buildRuleSet({ routes })

describe('the rules', () => {
  it('keep TCP and UDP apart where both have one number', () => {
    const dns = { clusterIps: ['10.96.0.53'], port: 53, nodePort: 30_053 }
    const rules = rulesOf(route('dns:tcp', dns), route('dns:udp', { ...dns, protocol: 'udp' }))
    expect([...rules.services.keys()]).toEqual(['10.96.0.53 . tcp . 53', '10.96.0.53 . udp . 53'])
    expect([...rules.nodePorts.keys()]).toEqual(['tcp . 30053', 'udp . 30053'])
    expect(new Set([...rules.services.values(), ...rules.nodePorts.values()]).size).toBe(4)
  })

  it('never give a cluster IP to a Service that names it as an external address', () => {
    const thief = route('a-thief', { externalIps: ['10.96.0.7'], backends: [b] })
    const own = rulesOf(route('owner', { clusterIps: ['10.96.0.7'] }))
    expect(rulesOf(thief, route('owner', { clusterIps: ['10.96.0.7'] })).services).toEqual(own.services)
    expect(rulesOf(thief, route('owner', { clusterIps: ['10.96.0.7'], backends: [] })).services.size).toBe(0)
  })

  it('give an address that two Services claim to the first', () => {
    const shared = { externalIps: ['203.0.113.7'] }
    expect(rulesOf(route('first', shared), route('second', shared)).services).toEqual(rulesOf(route('first', shared)).services)
  })

  it('mark the connections that another backend could have as well', () => {
    const marked = (...backends: Route['backends']) => [...rulesOf(route('web', { backends })).chains.values()].flat().join()
    expect(marked(a, b)).toContain('ct mark set ct mark or 0x00005000 or 0x00002000')
    expect(marked(a)).not.toContain('0x00002000')
  })

  it('lead nowhere without backends, but claim external addresses, which are refused', () => {
    const rules = rulesOf(
      route('web', { clusterIps: ['10.96.0.7'], externalIps: ['203.0.113.7'], nodePort: 30_080, backends: [] }),
    )
    expect([rules.services.size, rules.nodePorts.size, rules.chains.size]).toEqual([0, 0, 0])
    expect([...rules.external]).toEqual(['203.0.113.7 . tcp . 80'])
  })
})

describe('the nftables script', () => {
  const web = (...backends: Route['backends']) => rulesOf(route('web', { clusterIps: ['10.96.0.7'], nodePort: 30_080, backends }))

  it('is empty when nothing changed', () => {
    expect(updateTableScript(TABLE, web(a, b), web(a, b))).toBe('')
  })

  it('touches only the chains of a Service whose backends changed', () => {
    const other = route('other', { clusterIps: ['10.96.0.8'], backends: [{ ip: '10.244.1.9', port: 80 }] })
    const before = rulesOf(other, route('web', { clusterIps: ['10.96.0.7'], backends: [a] }))
    const after = rulesOf(other, route('web', { clusterIps: ['10.96.0.7'], backends: [b] }))
    const chain = after.services.get('10.96.0.7 . tcp . 80')
    expect(updateTableScript(TABLE, before, after).split('\n')).toEqual([
      `flush chain ip skiff_0 ${chain}`,
      `add rule ip skiff_0 ${chain} ct mark set ct mark or 0x00005000`,
      `add rule ip skiff_0 ${chain} meta l4proto tcp dnat to 10.244.1.3:8080`,
      'delete element ip skiff_0 hairpin { 10.244.1.2 . 10.244.1.2 }',
      'add element ip skiff_0 hairpin { 10.244.1.3 . 10.244.1.3 }',
    ])
  })

  it('changes one chain of a Service that is reached from inside and from outside', () => {
    const chain = web(a).services.get('10.96.0.7 . tcp . 80')
    const contents = updateTableScript(TABLE, web(a), web(a, b)).match(/(flush chain|add rule) .*/g)
    expect(contents?.map((line) => line.split(' ')[4])).toEqual([chain, chain, chain])
  })

  it('keeps those from outside apart where they may not reach all', () => {
    const local = (...backends: Route['backends']) =>
      rulesOf(route('web', { clusterIps: ['10.96.0.7'], nodePort: 30_080, backends, externalBackends: [a, b] }))
    expect([...local(a).chains.values()].flat().join()).toContain('0 : 10.244.1.2 . 8080, 1 : 10.244.1.3 . 8080')
    expect([...local(b).chains.values()].flat().join()).not.toContain('goto')
  })

  it('takes elements away before the chains that they lead to', () => {
    const lines = updateTableScript(TABLE, web(a), emptyRuleSet()).split('\n')
    const last = (prefix: string) => lines.findLastIndex((line) => line.startsWith(prefix))
    const first = (prefix: string) => lines.findIndex((line) => line.startsWith(prefix))
    expect(last('delete element')).toBeLessThan(first('flush chain'))
    expect(last('flush chain')).toBeLessThan(first('delete chain'))
  })

  it('moves an element in one transaction when its Service gets another name', () => {
    const renamed = rulesOf(route('blog', { clusterIps: ['10.96.0.7'] }))
    const script = updateTableScript(TABLE, rulesOf(route('web', { clusterIps: ['10.96.0.7'] })), renamed)
    const elements = script.split('\n').filter((line) => line.includes(' services '))
    expect(elements).toEqual([
      'delete element ip skiff_0 services { 10.96.0.7 . tcp . 80 }',
      `add element ip skiff_0 services { 10.96.0.7 . tcp . 80 : goto ${renamed.services.get('10.96.0.7 . tcp . 80')} }`,
    ])
  })

  it('replaces the whole table in one transaction, whether it was there or not', () => {
    expect(replaceTableScript(TABLE, web(a)).split('\n').slice(0, 3)).toEqual([
      'table ip skiff_0',
      'delete table ip skiff_0',
      'table ip skiff_0 {',
    ])
  })

  it('asks nothing of a kernel that has no time-outs for single connections, or no limits', () => {
    const count = (what: RegExp, table: NftTable) => replaceTableScript(table, web(a)).match(what)?.length ?? 0
    expect([count(/ct timeout/g, TABLE), count(/ct timeout/g, { ...TABLE, hasTimeouts: false })]).toEqual([2, 0])
    expect([count(/refused/g, TABLE), count(/refused/g, { ...TABLE, hasLimits: false })]).toEqual([2, 0])
  })
})

it('knows which backends have departed, and not those that another Service still has', () => {
  const before = rulesOf(route('x', { backends: [a, b] }), route('y', { backends: [b] }))
  expect(departedBackends(before, rulesOf(route('x', { backends: [a] }), route('y', { backends: [b] })))).toEqual([])
  expect(departedBackends(before, rulesOf(route('x', { backends: [a] })))).toEqual([b.ip])
})

it('knows that a backend has departed that only those from outside reached', () => {
  const local = { nodePort: 30_080, backends: [] }
  const before = rulesOf(route('x', { ...local, externalBackends: [a, b] }))
  expect(departedBackends(before, rulesOf(route('x', { ...local, externalBackends: [a] })))).toEqual([b.ip])
})

import { describe, expect, it } from 'vitest'
import type { Backend, Route } from '../route-table.ts'
import { rememberedClients } from './affinity.ts'
import { replaceTableScript, updateTableScript } from './nft-script.ts'
import { buildRuleSet, type RuleSet } from './rule-set.ts'

const TABLE = { name: 'skiff_0', serviceCidr: '10.96.0.0/16', dnsAddress: '10.96.0.10' }
const a = { ip: '10.244.1.2', port: 8080 }
const b = { ip: '10.244.1.3', port: 8080 }

/** A Service that is reached from inside and from outside. */
function rulesOf(backends: readonly Backend[], affinitySeconds: number | undefined, changes: Partial<Route> = {}) {
  const route = { id: 'default/web:', protocol: 'tcp', port: 80, clusterIps: ['10.96.0.7'], externalIps: [] } as const
  const endpoints = { backends, externalBackends: backends, keepsSource: false, affinitySeconds }
  return buildRuleSet({ routes: [{ ...route, nodePort: 30_080, ...endpoints, ...changes }] })
}

const linesOf = (before: RuleSet, after: RuleSet) => updateTableScript(TABLE, before, after).split('\n')
const touched = (lines: readonly string[]) =>
  lines.filter((line) => /^(add|delete|flush) (set|element) \S+ \S+ affinity_/.test(line))

describe('session affinity', () => {
  it('asks first who remembers the client, and lets an endpoint remember whom it meets, also a single one', () => {
    const { chains, services, affinities } = rulesOf([a], 30)
    const [set] = affinities
    const lead = chains.get(services.get('10.96.0.7 . tcp . 80') ?? '') ?? []
    const end = lead[1]?.match(/^ip saddr @(\w+) goto (\w+)$/)
    expect(end?.[1]).toBe(set)
    expect(lead[2]).toBe(`numgen inc mod 1 vmap { 0 : goto ${end?.[2]} }`)
    expect(chains.get(end?.[2] ?? '')).toEqual([
      `update @${set} { ip saddr timeout 30s }`,
      'meta l4proto tcp dnat to 10.244.1.2:8080',
    ])
  })

  it('is one for those from inside and from outside, also where they may not reach the same endpoints', () => {
    expect(rulesOf([a, b], 30).affinities.size).toBe(2)
    expect(rulesOf([a, b], 30, { externalBackends: [a], keepsSource: true }).affinities.size).toBe(2)
    expect(rulesOf([a], 30, { externalBackends: [a, b] }).affinities.size).toBe(2)
  })

  it('leaves what the others remember alone when an endpoint comes or goes', () => {
    const [ofA] = rulesOf([a], 30).affinities
    const [ofB] = rulesOf([b], 30).affinities
    expect(touched(linesOf(rulesOf([a], 30), rulesOf([a, b], 30)))).toEqual([
      expect.stringContaining(`add set ip skiff_0 ${ofB} `),
    ])
    expect(touched(linesOf(rulesOf([a, b], 30), rulesOf([a], 30)))).toEqual([`delete set ip skiff_0 ${ofB}`])
    expect(ofA).not.toBe(ofB)
  })

  it('forgets nobody when its time changes', () => {
    const lines = linesOf(rulesOf([a], 30), rulesOf([a], 60))
    expect(touched(lines)).toEqual([])
    expect(lines.join()).toContain('timeout 60s')
  })

  it('takes a set away after the chains that look into it, and adds it before', () => {
    const off = linesOf(rulesOf([a], 30), rulesOf([a], undefined))
    expect(off.at(-1)).toMatch(/^delete set /)
    expect(linesOf(rulesOf([a], undefined), rulesOf([a], 30))[0]).toMatch(/^add set /)
  })

  it('survives a new table, with the time that was left, for the endpoints that are still there', () => {
    const [set = ''] = rulesOf([a], 30).affinities
    const listing = `table ip skiff_0 {
	set hairpin {
		type ipv4_addr . ipv4_addr
		elements = { 10.244.1.2 . 10.244.1.2 }
	}
	set affinity_of_the_departed {
		type ipv4_addr
		flags dynamic,timeout
		elements = { 10.9.0.9 timeout 30s expires 20s }
	}
	set ${set} {
		type ipv4_addr
		size 65535
		flags dynamic,timeout
		elements = { 10.9.0.2 timeout 2h3m expires 2h2m59s428ms, 10.9.0.3 timeout 30s expires 0s,
			     10.9.0.4 timeout 30s expires 7s8ms }
	}
}`
    const rules = rulesOf([a], 30)
    const remembered = rememberedClients(listing, rules.affinities)
    expect(replaceTableScript(TABLE, rules, remembered).split('\n').at(-1)).toBe(
      `add element ip skiff_0 ${set} { 10.9.0.2 timeout 2h2m59s428ms, 10.9.0.4 timeout 7s8ms }`,
    )
  })
})

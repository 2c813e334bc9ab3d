/** The proxy's rules in a real kernel: a host with two pods, a pod on another host, and a client outside. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Backend, Route } from '../../packages/proxy/src/route-table.ts'
import { NetworkNamespace } from '../support/network-namespace.ts'
import { waitFor } from '../support/wait-for.ts'

const TABLE = { name: `skiff_${randomBytes(4).toString('hex')}`, serviceCidr: '10.96.0.0/16', dnsAddress: '10.96.0.10' }
const CLUSTER_IP = '10.96.0.50'
const HOST_IP = '10.9.0.1'
const NODE_PORT = 30_080
const UDP_NODE_PORT = NODE_PORT
const NOBODYS_PORT = 8081
/** For what is not answered. */
const IN_VAIN_MS = 500
/** For what has to be tried again, which is after 1, 3, 7, 15, 31 and 63 seconds. */
const PATIENT_MS = 70_000
/** Between two attempts to find a neighbour. */
const PROBE_MS = 50
const a: Backend = { ip: '10.244.1.2', port: 8080 }
const b: Backend = { ip: '10.244.1.3', port: 8080 }
const remote: Backend = { ip: '10.244.2.2', port: 8080 }

const stack = new AsyncDisposableStack()
let host: NetworkNamespace
let client: NetworkNamespace
let podA: NetworkNamespace
let podB: NetworkNamespace
let otherHost: NetworkNamespace

beforeAll(async () => {
  const prefix = `skp${randomBytes(3).toString('hex')}`
  const create = async (name: string) => stack.use(await NetworkNamespace.create(`${prefix}-${name}`))
  ;[host, client, podA, podB, otherHost] = await Promise.all([
    create('host'),
    create('client'),
    create('pod-a'),
    create('pod-b'),
    create('other'),
  ])
  await host.ip(
    `link add eth0 type veth peer name eth0 netns ${client.name}`,
    `link add eth1 type veth peer name eth0 netns ${otherHost.name}`,
  )
  await host.ip(
    `addr add ${HOST_IP}/24 dev eth0`,
    'addr add 10.9.1.1/24 dev eth1',
    'link set eth0 up',
    'link set eth1 up',
    'addr add 10.244.1.1/32 dev lo',
  )
  await host.ip('route add 10.244.2.0/24 via 10.9.1.2', 'route add 203.0.113.0/24 via 10.9.0.2')
  await client.ip('addr add 10.9.0.2/24 dev eth0', 'link set eth0 up')
  await otherHost.ip(
    'addr add 10.9.1.2/24 dev eth0',
    'link set eth0 up',
    `addr add ${remote.ip}/32 dev lo`,
    'route add 10.244.1.0/24 via 10.9.1.1',
  )
  await plugIn(podA, a.ip)
  await plugIn(podB, b.ip)
  // As Docker leaves it, with what the agent adds.
  await host.exec('iptables', '-P', 'FORWARD', 'DROP')
  for (const direction of ['-i', '-o']) await host.exec('iptables', '-A', 'FORWARD', direction, 'skf+', '-j', 'ACCEPT')
  await host.call('setUp', TABLE)
  await Promise.all([podA.call('serve', 'a', 8080), podB.call('serve', 'b', 8080), otherHost.call('serve', 'remote', 8080)])
})
afterAll(() => stack.disposeAsync())

async function plugIn(pod: NetworkNamespace, ip: string): Promise<void> {
  const link = `skf${ip.split('.').at(-1)}`
  await host.ip(
    `link add ${link} address ee:ee:ee:ee:ee:ee type veth peer name eth0 netns ${pod.name}`,
    `link set ${link} up`,
    `route add ${ip}/32 dev ${link} src 10.244.1.1`,
  )
  const gateway = [
    'route add 169.254.1.1 dev eth0 scope link',
    'route add default via 169.254.1.1 dev eth0',
    'neigh add 169.254.1.1 lladdr ee:ee:ee:ee:ee:ee dev eth0 nud permanent',
  ]
  await pod.ip(`addr add ${ip}/32 dev eth0`, 'link set eth0 up', ...gateway)
}

type Options = Partial<Pick<Route, 'externalIps' | 'externalBackends' | 'keepsSource' | 'affinitySeconds'>>

function routes(backends: readonly Backend[], options: Options = {}): { routes: Route[] } {
  const common = {
    clusterIps: [CLUSTER_IP],
    externalIps: [],
    backends,
    externalBackends: backends,
    keepsSource: false,
    affinitySeconds: undefined,
    ...options,
  }
  return {
    routes: [
      { ...common, id: 'default/web:tcp', protocol: 'tcp', port: 80, nodePort: NODE_PORT },
      { ...common, id: 'default/web:udp', protocol: 'udp', port: 80, nodePort: UDP_NODE_PORT },
    ],
  }
}

const apply = (...args: Parameters<typeof routes>) => host.call('apply', TABLE, routes(...args))
/** Of the host that forwards: it answers nobody who looks for it, as one without power. */
async function unplugOtherHost(): Promise<AsyncDisposable> {
  await host.exec('sysctl', '-qw', `net.ipv4.neigh.eth1.retrans_time_ms=${PROBE_MS}`)
  await otherHost.ip('link set eth0 arp off')
  await host.ip('neigh flush dev eth1')
  return { [Symbol.asyncDispose]: async () => void (await otherHost.ip('link set eth0 arp on')) }
}

/** Of how many connections the host has kept refusals from the client, in the last half minute. */
async function refusalsKept(): Promise<number> {
  return (await host.exec('nft', 'list', 'set', 'ip', TABLE.name, 'refused')).match(/ expires /g)?.length ?? 0
}

async function clientsRemembered(): Promise<number> {
  const sets = (await host.exec('nft', 'list', 'sets', 'table', 'ip', TABLE.name)).split(/^\tset /m)
  return sets.filter((set) => set.startsWith('affinity_') && set.includes(' expires ')).length
}

/** How often the host has said that it can't reach somebody. */
async function unreachablesSent(): Promise<number> {
  const [names = '', values = ''] = (await host.exec('grep', '^Icmp:', '/proc/net/snmp')).trim().split('\n')
  return Number(values.split(' ')[names.split(' ').indexOf('OutDestUnreachs')])
}

const nameOf = (answer: string) => answer.split(' ')[0]

function countsOf(answers: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const answer of answers) counts[nameOf(answer) ?? ''] = (counts[nameOf(answer) ?? ''] ?? 0) + 1
  return counts
}

describe('Services in the kernel', () => {
  beforeEach(() => apply([a, b, remote]))

  it('answer at their cluster IP from pods and from the host, each backend exactly as often', async () => {
    expect(countsOf(await podA.call('askMany', CLUSTER_IP, 80, 30, 1))).toEqual({ a: 10, b: 10, remote: 10 })
    expect(countsOf(await host.call('askMany', CLUSTER_IP, 80, 30, 1))).toEqual({ a: 10, b: 10, remote: 10 })
  })

  it('answer at their node port from outside, from the host by its address and by 127.0.0.1, and from pods', async () => {
    for (const [from, address] of [
      [client, HOST_IP],
      [host, HOST_IP],
      [host, '127.0.0.1'],
      [podB, HOST_IP],
    ] as const) {
      // biome-ignore format: one line
      expect([from.name, address, countsOf(await from.call('askMany', address, NODE_PORT, 9, 1))]).toEqual([from.name, address, { a: 3, b: 3, remote: 3 }])
    }
  })

  it('answer over UDP at the same numbers', async () => {
    expect(nameOf((await podA.call('askUdp', 'cluster ip', CLUSTER_IP, 80)).answer)).toMatch(/^(a|b|remote)$/)
    expect(nameOf((await client.call('askUdp', 'node port', HOST_IP, UDP_NODE_PORT)).answer)).toMatch(/^(a|b|remote)$/)
  })

  it('let a pod reach itself', async () => {
    await apply([a])
    expect(nameOf((await podA.call('ask', CLUSTER_IP, 80)).answer)).toBe('a')
    expect(nameOf((await podA.call('askUdp', 'itself', CLUSTER_IP, 80)).answer)).toBe('a')
  })

  it('lead a client back to whom it met, inside and outside, while others come and go and the proxy starts again', async () => {
    const sticky = { affinitySeconds: 600 }
    const askers = [
      [podA, CLUSTER_IP, 80],
      [client, HOST_IP, NODE_PORT],
    ] as const
    const askAll = () => Promise.all(askers.map(async ([from, ip, port]) => countsOf(await from.call('askMany', ip, port, 4, 2))))
    await apply([a], sticky)
    expect(await askAll()).toEqual([{ a: 4 }, { a: 4 }])
    await apply([a, b, remote], sticky)
    expect(await askAll()).toEqual([{ a: 4 }, { a: 4 }])
    await host.call('forget')
    await apply([a, b], { affinitySeconds: 1200 })
    expect(await askAll()).toEqual([{ a: 4 }, { a: 4 }])
    await apply([b], sticky)
    expect(await askAll()).toEqual([{ b: 4 }, { b: 4 }])
    await apply([a, b, remote], sticky)
    expect(await askAll()).toEqual([{ b: 4 }, { b: 4 }])
    await apply([a, b])
    expect(await podA.call('askMany', CLUSTER_IP, 80, 4, 1).then(countsOf)).toEqual({ a: 2, b: 2 })
  })

  it('forget a client that has not come again in time', async () => {
    await apply([a, b], { affinitySeconds: 1 })
    const met: unknown[] = []
    for (const _ of [1, 2]) {
      met.push(nameOf((await client.call('ask', HOST_IP, NODE_PORT)).answer))
      await waitFor('the client is forgotten', async () => (await clientsRemembered()) === 0)
    }
    expect(met.sort()).toEqual(['a', 'b'])
  })

  it('show the pods of one another their true addresses', async () => {
    await apply([b])
    expect((await podA.call('ask', CLUSTER_IP, 80)).answer).toBe(`b ${a.ip}`)
  })

  it('are refused when nobody is there to answer, or no such Service', async () => {
    await apply([], { externalIps: ['203.0.113.7'] })
    const attempts = [
      await podA.call('ask', CLUSTER_IP, 80),
      await host.call('ask', CLUSTER_IP, 80),
      await client.call('ask', HOST_IP, NODE_PORT),
      await podA.call('ask', '203.0.113.7', 80),
      await podA.call('ask', '10.96.7.7', 443),
    ]
    expect(attempts.map(({ answer }) => answer)).toEqual(Array.from({ length: 5 }, () => 'ECONNREFUSED'))
  })

  it('answer at external addresses', async () => {
    await apply([a], { externalIps: ['203.0.113.7'] })
    expect(nameOf((await podB.call('ask', '203.0.113.7', 80)).answer)).toBe('a')
  })

  it('keep the client address with externalTrafficPolicy Local, while the host itself reaches every backend', async () => {
    await apply([a, remote], { keepsSource: true, externalBackends: [a] })
    await client.ip('route replace 10.244.1.0/24 via 10.9.0.1')
    expect((await client.call('ask', HOST_IP, NODE_PORT)).answer).toBe('a 10.9.0.2')
    expect(countsOf(await host.call('askMany', HOST_IP, NODE_PORT, 4, 1))).toEqual({ a: 2, remote: 2 })
    expect(countsOf(await podB.call('askMany', HOST_IP, NODE_PORT, 4, 1))).toEqual({ a: 2, remote: 2 })
  })

  it('lose no new connection while backends come and go', async () => {
    const sets = [[a], [a, b], [b, remote], [a, b, remote]]
    let isOver = false
    const asking = Promise.all([
      podA.call('askMany', CLUSTER_IP, 80, 400, 8),
      client.call('askMany', HOST_IP, NODE_PORT, 400, 8),
    ]).finally(() => (isOver = true))
    let changes = 0
    for (; !isOver || changes < sets.length; changes++) await apply(sets[changes % sets.length] ?? [a])
    // Which of them answer, and how often, depends on how the changes fall; that somebody does, doesn't.
    for (const answers of await asking) expect(answers.filter((answer) => !/^(a|b|remote) /.test(answer))).toEqual([])
  })

  it('let those who connect wait, not fail, when a backend’s host has gone, and lead them to another as soon as that one departs', async () => {
    await apply([remote])
    await using _ = await unplugOtherHost()
    const before = await unreachablesSent()
    const asking = Promise.all([
      client.call('ask', HOST_IP, NODE_PORT, PATIENT_MS),
      podA.call('ask', CLUSTER_IP, 80, PATIENT_MS),
      host.call('ask', CLUSTER_IP, 80, PATIENT_MS),
    ])
    await waitFor('the kernel gives up and says so', async () => (await unreachablesSent()) >= before + 3)
    await apply([b])
    expect((await asking).map(({ answer }) => nameOf(answer))).toEqual(['b', 'b', 'b'])
  })

  it('lead those to another backend whom the one on a lost host does not answer, before anybody knows that it is lost', async () => {
    await apply([a, remote])
    await using _ = await unplugOtherHost()
    const asking = [client.call('askMany', HOST_IP, NODE_PORT, 3, 3), host.call('askMany', CLUSTER_IP, 80, 3, 3)]
    expect((await Promise.all(asking)).map(countsOf)).toEqual([{ a: 3 }, { a: 3 }])
  })

  it('lead those to another backend whom one that has died refuses, before anybody knows that it is dead', async () => {
    await apply([a, { ...b, port: NOBODYS_PORT }, remote])
    const asking = [client.call('askMany', HOST_IP, NODE_PORT, 3, 3), host.call('askMany', CLUSTER_IP, 80, 3, 3)]
    for (const answers of await Promise.all(asking)) expect(answers.map(nameOf)).not.toContain('ECONNREFUSED')
  })

  it('are refused after a few attempts when no backend answers, and at once by the only one', async () => {
    const [one, two] = [a, b].map(({ ip }) => ({ ip, port: NOBODYS_PORT }))
    if (!one || !two) throw new Error('there are two')
    await apply([one, two])
    expect((await client.call('ask', HOST_IP, NODE_PORT, PATIENT_MS)).answer).toBe('ECONNREFUSED')
    const before = await refusalsKept()
    expect(before).toBeGreaterThan(0)
    await apply([one])
    expect((await client.call('ask', HOST_IP, NODE_PORT, PATIENT_MS)).answer).toBe('ECONNREFUSED')
    expect(await refusalsKept()).toBeLessThanOrEqual(before)
  })

  it('let them wait also where the kernel forgets nothing by itself', async () => {
    await host.call('forget')
    const table = { ...TABLE, hasTimeouts: false }
    await host.call('apply', table, routes([remote]))
    await using _ = await unplugOtherHost()
    const before = await unreachablesSent()
    const asking = client.call('ask', HOST_IP, NODE_PORT, PATIENT_MS)
    await waitFor('the kernel gives up and says so', async () => (await unreachablesSent()) > before)
    await host.call('apply', table, routes([b]))
    expect(nameOf((await asking).answer)).toBe('b')
    await host.call('forget')
  })

  it('do not keep it from those who connect to a pod itself', async () => {
    await apply([remote])
    await using _ = await unplugOtherHost()
    expect((await podA.call('ask', remote.ip, 8080, PATIENT_MS)).answer).toBe('EHOSTUNREACH')
  })

  it('send a UDP flow elsewhere when its backend leaves, and leave the others alone', async () => {
    for (const [from, address, port] of [
      [podB, CLUSTER_IP, 80],
      [client, HOST_IP, UDP_NODE_PORT],
    ] as const) {
      // biome-ignore format: one line
      await apply([a])
      expect(nameOf((await from.call('askUdp', 'moving', address, port)).answer)).toBe('a')
      await apply([a, b])
      expect(nameOf((await from.call('askUdp', 'moving', address, port)).answer)).toBe('a')
      await apply([b])
      expect(nameOf((await from.call('askUdp', 'moving', address, port)).answer)).toBe('b')
    }
  })

  it('take over a UDP flow that began when there was no backend', async () => {
    await apply([])
    await client.call('askUdp', 'early', HOST_IP, UDP_NODE_PORT, IN_VAIN_MS)
    await apply([a])
    expect(nameOf((await client.call('askUdp', 'early', HOST_IP, UDP_NODE_PORT)).answer)).toBe('a')
  })

  it('move a UDP flow whose backend left while the proxy was away', async () => {
    await apply([a])
    expect(nameOf((await podB.call('askUdp', 'restart', CLUSTER_IP, 80)).answer)).toBe('a')
    await host.call('forget')
    await apply([b])
    expect(nameOf((await podB.call('askUdp', 'restart', CLUSTER_IP, 80)).answer)).toBe('b')
  })

  it('go on without a break when the proxy starts again', async () => {
    const asking = podA.call('askMany', CLUSTER_IP, 80, 300, 8)
    for (let i = 0; i < 5; i++) {
      await host.call('forget')
      await apply([a, b, remote])
    }
    expect(Object.keys(countsOf(await asking)).sort()).toEqual(['a', 'b', 'remote'])
  })

  it('come back after somebody flushed all rules', async () => {
    await host.call('watch')
    await waitFor('the watch has started', async () => (await host.call('deletions')) > 0)
    const before = await host.call('deletions')
    await waitFor('the deletion is noticed', async () => {
      await host.exec('nft', `add table ip ${TABLE.name}; delete table ip ${TABLE.name}`)
      return (await host.call('deletions')) > before
    })
    expect(await host.call('stillThere')).toBe(false)
    await apply([a])
    expect(await host.call('stillThere')).toBe(true)
    expect(nameOf((await podB.call('ask', CLUSTER_IP, 80)).answer)).toBe('a')
  })

  it('are written anew at once when a change finds them gone', async () => {
    await host.exec('nft', 'delete', 'table', 'ip', TABLE.name)
    await apply([a])
    expect(nameOf((await podB.call('ask', CLUSTER_IP, 80)).answer)).toBe('a')
  })

  it('are changed by an nft that stays, and by another when that one was killed', async () => {
    await host.call('forget')
    await apply([a])
    await apply([b])
    const pids = await host.call('residentNfts')
    await apply([a])
    expect(await host.call('residentNfts')).toEqual(pids)
    for (const pid of pids) await host.call('signal', pid, 'SIGKILL')
    await apply([b, remote])
    expect(countsOf(await podA.call('askMany', CLUSTER_IP, 80, 4, 1))).toEqual({ b: 2, remote: 2 })
    await apply([a, b])
    expect(countsOf(await podA.call('askMany', CLUSTER_IP, 80, 4, 1))).toEqual({ a: 2, b: 2 })
    expect(await host.call('residentNfts')).not.toEqual([])
  })

  it('are changed where nft can not stay', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'skiff-nft-'))
    stack.defer(() => rmSync(folder, { recursive: true }))
    const nft = (await host.exec('sh', '-c', 'command -v nft')).trim()
    writeFileSync(join(folder, 'nft'), `#!/bin/sh\n[ "$1" = -i ] && exit 1\nexec ${nft} "$@"\n`, { mode: 0o755 })
    await host.call('prefer', folder)
    await host.call('forget')
    for (const backends of [[b], [a, b], [a]]) await apply(backends)
    expect(nameOf((await podB.call('ask', CLUSTER_IP, 80)).answer)).toBe('a')
  })

  it('do not open to others what listens on the host for itself only', async () => {
    await host.call('serve', 'private', 7000, '127.1.2.3')
    await client.exec('sysctl', '-qw', 'net.ipv4.conf.all.route_localnet=1')
    await client.ip('route add table local 127.1.2.3/32 via 10.9.0.1 dev eth0 src 10.9.0.2')
    expect((await host.call('ask', '127.1.2.3', 7000)).answer).toBe('private 127.0.0.1')
    expect((await client.call('ask', '127.1.2.3', 7000, IN_VAIN_MS)).answer).toBe('TIMEOUT')
  })

  it('leave nothing behind', async () => {
    await host.call('remove', TABLE)
    expect(await host.exec('nft', 'list', 'tables', 'ip')).not.toContain('skiff')
    expect(await host.exec('iptables-save')).not.toContain('skiff')
    expect(await host.ip('addr show dev lo', 'route show')).not.toContain('10.96.')
    expect((await host.exec('sysctl', '-n', 'net.ipv4.conf.all.route_localnet')).trim()).toBe('0')
  })
})

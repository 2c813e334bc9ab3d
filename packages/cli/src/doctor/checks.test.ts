import { describe, expect, it } from 'vitest'
import { checksText, rangesOverlap, runChecks } from './checks.ts'
import type { MachineFacts } from './machine-facts.ts'
import { parseSockets } from './parse-sockets.ts'

const GIB = 1024 ** 3

const HEALTHY: MachineFacts = {
  now: new Date('2026-06-01T00:00:00Z'),
  root: true,
  home: '/var/lib/skiff',
  dockerHost: 'unix:///var/run/docker.sock',
  engine: {
    version: '26.1.5+dfsg1',
    liveRestore: true,
    cgroupVersion: '2',
    cgroupDriver: 'systemd',
    dataRoot: '/var/lib/docker',
  },
  path: '/usr/sbin:/usr/bin',
  missingPrograms: [],
  ipForward: true,
  listeners: [{ protocol: 'udp', address: '127.0.0.53', port: 53, program: 'systemd-resolve (pid 7)' }],
  routes: [
    { dst: 'default', dev: 'eth0' },
    { dst: '10.244.1.0/24', dev: 'eth0', protocol: '145' },
    { dst: '10.244.0.2', dev: 'skf12345678' },
  ],
  ranges: { serviceCidr: '10.96.0.0/16', podCidr: '10.244.0.0/16', dnsAddress: '10.96.0.10', inUse: true },
  badPermissions: [],
  disks: [{ path: '/var/lib/skiff', freeBytes: 50 * GIB, totalBytes: 100 * GIB }],
  certificates: [{ file: 'client.crt', validTo: new Date('2027-01-01T00:00:00Z') }],
  builtAt: new Date('2026-01-01T00:00:00Z'),
  running: { master: true, agent: true },
  masters: [{ name: 'pid 12' }],
  nodeName: { name: 'a' },
  master: { server: 'https://10.0.0.1:6443', clockSkewMs: 5 },
  nodes: [{ name: 'a', ready: true, message: '' }],
}

function problems(change: Partial<MachineFacts>): string[] {
  return runChecks({ ...HEALTHY, ...change }).flatMap(({ name, ok, detail, cure }) => (ok ? [] : [`${name}: ${detail}: ${cure}`]))
}

it('finds nothing wrong with a healthy machine, and says so in one line a check', () => {
  const checks = runChecks(HEALTHY)
  expect(checks.filter(({ ok }) => !ok)).toEqual([])
  expect(checksText(checks)).toMatch(/^ok {7}docker engine {3}version 26\.1\.5 answers[\s\S]*\nAll is well\.\n$/)
})

describe('a check', () => {
  it.each<[string, Partial<MachineFacts>, RegExp]>([
    [
      'an engine that is too old',
      { engine: { ...HEALTHY.engine, version: '19.03.15' } as MachineFacts['engine'] },
      /^docker engine: version 19\.03\.15 is too old: at least 20\.10/,
    ],
    [
      'an engine that does not answer',
      { engine: { problem: 'no Docker Engine answers at x: connect ENOENT' } },
      /ENOENT: install it/,
    ],
    ['an engine that this user may not use', { root: false, engine: { problem: 'connect EACCES' } }, /usermod -aG docker/],
    [
      'pods that a restart of the daemon would stop',
      { engine: { ...HEALTHY.engine, liveRestore: false } as MachineFacts['engine'] },
      /live-restore": true/,
    ],
    [
      'missing programs, by the packages they are in',
      { missingPrograms: ['nft', 'ip'] },
      /^programs: nft, ip are not found in PATH \(\/usr\/sbin:\/usr\/bin\): apt-get install nftables iproute2/,
    ],
    [
      'a PATH without the folder of root’s programs, as a plain su leaves it, and blames nothing else',
      { missingPrograms: ['nft', 'ip'], path: '/usr/bin:/bin', nftProblem: 'spawn nft ENOENT' },
      /^programs: nft, ip are not found in PATH \(\/usr\/bin:\/bin\): become root by "su -"/,
    ],
    ['a kernel without nftables', { nftProblem: 'Operation not supported' }, /nft fails: Operation not supported/],
    ['forwarding that was switched off', { ipForward: false }, /ip_forward=1/],
    [
      'a port that somebody else has',
      {
        running: { master: false, agent: true },
        listeners: [{ protocol: 'tcp', address: '0.0.0.0', port: 6443, program: 'kube-apiserver (pid 9)' }],
      },
      /taken by kube-apiserver \(pid 9\)/,
    ],
    [
      'a DNS server on every address',
      { listeners: [{ protocol: 'udp', address: '0.0.0.0', port: 53, program: 'dnsmasq (pid 3)' }] },
      /^port 53: dnsmasq \(pid 3\) listens on every address/,
    ],
    [
      'a network in the way of the pods',
      { routes: [{ dst: '10.244.8.0/22', dev: 'tun0' }] },
      /10\.244\.0\.0\/16 collides with this host's route to 10\.244\.8\.0\/22 \(tun0\)/,
    ],
    [
      'keys that others may read',
      { badPermissions: [{ path: '/var/lib/skiff/master/ca.key', mode: '0644' }] },
      /ca\.key has mode 0644.*chmod -R go=/,
    ],
    [
      'a full disk',
      { disks: [{ path: '/var/lib/docker', freeBytes: 0.4 * GIB, totalBytes: 100 * GIB }] },
      /0\.4 GiB left at \/var\/lib\/docker/,
    ],
    ['a clock that is off', { master: { server: 'https://m', clockSkewMs: -90_000 } }, /^clock: 90 s behind the master's/],
    ['a clock of the past', { now: new Date('2000-01-01T00:00:00Z') }, /before this program was built/],
    [
      'an expired certificate',
      { certificates: [{ file: '/x/client.crt', validTo: new Date('2026-05-01T00:00:00Z') }] },
      /client\.crt expired on 2026-05-01/,
    ],
    [
      'a master that is away',
      { master: { server: 'https://m:6443', problem: 'connect ECONNREFUSED' } },
      /^master: https:\/\/m:6443 doesn't answer: connect ECONNREFUSED/,
    ],
    [
      'a master that hangs',
      { master: { server: 'https://m:6443', problem: 'no answer within 5 s' } },
      /^master: https:\/\/m:6443 doesn't answer: no answer within 5 s: the one that runs here seems to hang; "skiff down"/,
    ],
    [
      'a second master on the same data',
      { masters: [{ name: 'pid 12' }, { name: 'skiff-master.service' }] },
      /^one master: pid 12, skiff-master\.service want the same data in \/var\/lib\/skiff.*: stop all but one/,
    ],
    [
      'a node name that another machine has',
      { nodeName: { name: 'a', takenBy: '10.0.0.7' } },
      /^node name: a is taken by another machine \(10\.0\.0\.7\): start the agent here with another --node-name/,
    ],
    [
      'a node that is not Ready',
      { nodes: [{ name: 'b', ready: false, message: 'engine is down' }] },
      /b is not Ready \(engine is down\): skiff why node b/,
    ],
  ])('finds %s', (_what, change, words) => {
    expect(problems(change)).toEqual([expect.stringMatching(words)])
  })

  it('takes the ports that our own components hold for what they are', () => {
    const listeners = [6443, 10250].map((port) => ({
      protocol: 'tcp' as const,
      address: '0.0.0.0',
      port,
      program: 'node (pid 5)',
    }))
    expect(problems({ listeners })).toEqual([])
    expect(problems({ listeners, running: { master: false, agent: false } })).toHaveLength(2)
  })
})

it('knows when two ranges overlap', () => {
  expect(rangesOverlap('10.96.0.0/16', '10.96.200.1')).toBe(true)
  expect(rangesOverlap('10.0.0.0/8', '10.244.0.0/16')).toBe(true)
  expect(rangesOverlap('10.96.0.0/16', '10.97.0.0/16')).toBe(false)
  expect(rangesOverlap('fe80::/64', '10.97.0.0/16')).toBe(false)
})

it('reads listening sockets from the kernel’s tables', () => {
  const tcp = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:192B 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4242 1 0 100 0 0 10 0
   1: 0100007F:192B 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 4243 1 0 100 0 0 10 0
`
  expect(parseSockets(tcp, 'tcp')).toEqual([{ protocol: 'tcp', address: '127.0.0.1', port: 6443, inode: '4242' }])
  const udp6 = `header
  7: 00000000000000000000000000000000:0035 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000 0 0 99 2 0 0
`
  expect(parseSockets(udp6, 'udp')).toEqual([{ protocol: 'udp', address: '::', port: 53, inode: '99' }])
})

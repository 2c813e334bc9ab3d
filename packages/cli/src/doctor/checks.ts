/** Each check is a pure function from what was found on the machine to one line. */
import { isIPv4 } from 'node:net'
import { explainMissing, REQUIRED_PROGRAMS } from '@skiff/agent'
import type { Listener, MachineFacts } from './machine-facts.ts'

export interface Check {
  readonly name: string
  readonly ok: boolean
  readonly detail: string
  /** What to do; '' when it is ok. */
  readonly cure: string
}

type Judgement = readonly [detail: string, cure?: string]
type CheckFunction = (facts: MachineFacts) => Judgement | undefined

const OLDEST_ENGINE = [20, 10] as const
const GIB = 1024 ** 3
const LEAST_FREE_BYTES = GIB
const LEAST_FREE_SHARE = 0.05
const CERTIFICATE_SOON_MS = 7 * 24 * 3_600_000
const WORST_CLOCK_SKEW_MS = 30_000
/** How the time-out of a connection that stands is told. */
export const NO_ANSWER = 'no answer within'
/** Routes that agents and proxies of ours make (`ip route show proto 145`). */
const OWN_PROTOCOLS: ReadonlySet<string | undefined> = new Set(['145', '146'])

/** In the order in which a person would look. A check that has nothing to look at says nothing. */
const CHECKS: Readonly<Record<string, CheckFunction>> = {
  'docker engine': engine,
  'live-restore': liveRestore,
  cgroups,
  programs,
  nftables,
  'ip forwarding': ipForward,
  'port 6443': ({ listeners, running }) =>
    port(listeners, { port: 6443, protocol: 'tcp', own: running.master, what: 'the API server', option: '--port' }),
  'port 10250': ({ listeners, running }) =>
    port(listeners, { port: 10250, protocol: 'tcp', own: running.agent, what: 'the agent', option: '--port' }),
  'port 53': dnsPort,
  'address ranges': addressRanges,
  'data directory': dataDirectory,
  'disk space': diskSpace,
  clock,
  certificates,
  'one master': oneMaster,
  master,
  'node name': nodeName,
  nodes,
}

export function runChecks(facts: MachineFacts): Check[] {
  return Object.entries(CHECKS).flatMap(([name, check]) => {
    const judgement = check(facts)
    if (judgement === undefined) return []
    const [detail, cure] = judgement
    return [{ name, ok: cure === undefined, detail, cure: cure ?? '' }]
  })
}

export function checksText(checks: readonly Check[]): string {
  const width = Math.max(...checks.map(({ name }) => name.length))
  const lines = checks.map(
    ({ name, ok, detail, cure }) => `${ok ? 'ok     ' : 'problem'}  ${name.padEnd(width)}  ${detail}${ok ? '' : `: ${cure}`}\n`,
  )
  const problems = checks.filter(({ ok }) => !ok).length
  return `${lines.join('')}${problems === 0 ? 'All is well.' : `${problems} problem${problems === 1 ? '' : 's'}.`}\n`
}

function engine({ engine: found, dockerHost, root }: MachineFacts): Judgement {
  if ('problem' in found) {
    const denied = /EACCES|permission denied/i.test(found.problem)
    if (denied && !root)
      return [
        `${dockerHost} may not be used by this user`,
        'run it with sudo, or "sudo usermod -aG docker $USER" and log in again',
      ]
    return [found.problem, 'install it (Debian: apt-get install docker.io) and start it (systemctl start docker)']
  }
  // Debian appends `+dfsg1`.
  const version = found.version.replace(/\+.*$/, '')
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10))
  const old = major < OLDEST_ENGINE[0] || (major === OLDEST_ENGINE[0] && minor < OLDEST_ENGINE[1])
  return old
    ? [`version ${version} is too old`, `at least ${OLDEST_ENGINE.join('.')} is needed: upgrade it`]
    : [`version ${version} answers at ${dockerHost}`]
}

function liveRestore({ engine: found }: MachineFacts): Judgement | undefined {
  if ('problem' in found) return undefined
  if (found.liveRestore) return ['on: pods go on while the daemon restarts']
  return [
    'off: a restart of the daemon stops all pods',
    'put {"live-restore": true} into /etc/docker/daemon.json, then "systemctl reload docker"',
  ]
}

function cgroups({ engine: found }: MachineFacts): Judgement | undefined {
  return 'problem' in found ? undefined : [`version ${found.cgroupVersion}, driver ${found.cgroupDriver}`]
}

function programs({ missingPrograms, path }: MachineFacts): Judgement {
  if (missingPrograms.length === 0) return [`${Object.keys(REQUIRED_PROGRAMS).join(', ')} are there`]
  const { problem, cure } = explainMissing(missingPrograms, path)
  return [problem, cure]
}

function nftables({ missingPrograms, nftProblem, root }: MachineFacts): Judgement | undefined {
  if (missingPrograms.includes('nft')) return undefined
  if (nftProblem === undefined) return ['the kernel has it']
  if (!root) return ['can only be seen by root']
  return [`nft fails: ${nftProblem}`, 'use a kernel with nf_tables ("modprobe nf_tables"): Services need it']
}

function ipForward({ ipForward: on, running }: MachineFacts): Judgement {
  if (on) return ['on']
  return running.agent
    ? ['off: pods reach nothing', 'something switched it off: sysctl -w net.ipv4.ip_forward=1']
    : ['off: the agent switches it on']
}

interface PortCheck {
  readonly port: number
  readonly protocol: Listener['protocol']
  /** The component that wants it runs: it is the one that listens. */
  readonly own: boolean
  readonly what: string
  readonly option: string
}

function port(listeners: readonly Listener[], { port, protocol, own, what, option }: PortCheck): Judgement {
  const listener = listeners.find((one) => one.port === port && one.protocol === protocol)
  if (listener === undefined) return ['free']
  if (own) return [`${what} listens`]
  return [
    `taken by ${listener.program ?? 'another program'}, so ${what} can't listen`,
    `stop that, or choose another port with ${option}`,
  ]
}

/** The cluster's DNS has an address of its own; only who listens on every address is in its way. */
function dnsPort({ listeners, ranges: { dnsAddress } }: MachineFacts): Judgement {
  const everywhere = listeners.find(({ port, address }) => port === 53 && (address === '0.0.0.0' || address === '::'))
  if (everywhere === undefined) return [`free on ${dnsAddress}`]
  return [
    `${everywhere.program ?? 'a program'} listens on every address, so the cluster's DNS can't at ${dnsAddress}`,
    'let it listen on the addresses it needs (dnsmasq: listen-address= and bind-interfaces)',
  ]
}

function addressRanges({ ranges, routes, missingPrograms }: MachineFacts): Judgement | undefined {
  if (missingPrograms.includes('ip')) return undefined
  const shown = `services ${ranges.serviceCidr}, pods ${ranges.podCidr}`
  const foreign = routes.filter(
    ({ dst, dev, protocol }) => dst !== 'default' && !OWN_PROTOCOLS.has(protocol) && !dev?.startsWith('skf') && dev !== 'lo',
  )
  for (const [option, cidr] of [
    ['--service-cidr', ranges.serviceCidr],
    ['--pod-cidr', ranges.podCidr],
  ] as const) {
    const route = foreign.find(({ dst }) => rangesOverlap(dst, cidr))
    if (route === undefined) continue
    const cure = ranges.inUse
      ? 'take that network away, or "skiff down --purge" and start with other ranges'
      : `start with another ${option}`
    return [`${cidr} collides with this host's route to ${route.dst}${route.dev ? ` (${route.dev})` : ''}`, cure]
  }
  return [`${shown}: no route of this host is in their way`]
}

function dataDirectory({ badPermissions, home }: MachineFacts): Judgement {
  const [first] = badPermissions
  if (first === undefined) return [`${home} is this user's alone`]
  const more = badPermissions.length > 1 ? ` (and ${badPermissions.length - 1} more)` : ''
  return [`${first.path} has mode ${first.mode}${more}: others may read keys and tokens`, `chmod -R go= ${home}`]
}

function diskSpace({ disks }: MachineFacts): Judgement {
  const full = disks.find(
    ({ freeBytes, totalBytes }) => freeBytes < LEAST_FREE_BYTES || freeBytes < totalBytes * LEAST_FREE_SHARE,
  )
  if (full) return [`${gib(full.freeBytes)} GiB left at ${full.path}`, 'make room ("docker system prune", old logs)']
  return [disks.map(({ path, freeBytes }) => `${gib(freeBytes)} GiB left at ${path}`).join(', ')]
}

function gib(bytes: number): string {
  return (bytes / GIB).toFixed(1)
}

function clock({ now, builtAt, master: found }: MachineFacts): Judgement {
  const skew = found?.clockSkewMs ?? 0
  if (Math.abs(skew) > WORST_CLOCK_SKEW_MS)
    return [
      `${Math.round(Math.abs(skew) / 1000)} s ${skew > 0 ? 'ahead of' : 'behind'} the master's`,
      'set it, and keep it by NTP: timedatectl set-ntp true',
    ]
  if (now < builtAt)
    return [`${now.toISOString()} is before this program was built`, 'set it, and keep it by NTP: timedatectl set-ntp true']
  return [now.toISOString()]
}

function certificates({ certificates: found, now }: MachineFacts): Judgement | undefined {
  const [next] = found.toSorted((a, b) => a.validTo.getTime() - b.validTo.getTime())
  if (next === undefined) return undefined
  const left = next.validTo.getTime() - now.getTime()
  const day = next.validTo.toISOString().slice(0, 10)
  if (left < 0)
    return [
      `${next.file} expired on ${day}`,
      'restart the component that it belongs to; an agent whose certificate expired joins again with a new token ("skiff token create")',
    ]
  if (left < CERTIFICATE_SOON_MS)
    return [
      `${next.file} expires on ${day}, and should have been renewed by now`,
      'see the log of the component that it belongs to',
    ]
  return [`the first one expires on ${day}, and is renewed before`]
}

function master({ master: found, masters }: MachineFacts): Judgement | undefined {
  if (found === undefined) return undefined
  if (found.problem === undefined) return [`answers at ${found.server}`]
  const detail = `${found.server} doesn't answer: ${found.problem}`
  if (masters.length > 0 && found.problem.startsWith(NO_ANSWER))
    return [
      detail,
      'the one that runs here seems to hang; "skiff down" and "skiff up", or "systemctl restart skiff-master", start it anew',
    ]
  return [
    detail,
    'start it on its machine ("skiff up", or "systemctl start skiff-master"), and let its port through the firewall',
  ]
}

function oneMaster({ masters, home }: MachineFacts): Judgement | undefined {
  if (masters.length === 0) return undefined
  const names = masters.map(({ name }) => name).join(', ')
  if (masters.length === 1) return [names]
  return [
    `${names} want the same data in ${home}, which only one can have`,
    'stop all but one ("skiff down", "systemctl disable --now skiff-master", "docker compose down"), or give the other its own --data-dir and --port',
  ]
}

function nodeName({ nodeName: found }: MachineFacts): Judgement | undefined {
  if (found === undefined) return undefined
  if (found.takenBy === undefined) return [`${found.name} is this machine's`]
  return [
    `${found.name} is taken by another machine (${found.takenBy})`,
    'start the agent here with another --node-name, or stop the one there and wait until its node is no longer Ready',
  ]
}

function nodes({ nodes: found }: MachineFacts): Judgement | undefined {
  if (found === undefined) return undefined
  if (found.length === 0) return ['there is none', '"skiff token create" prints the line that joins one']
  const bad = found.filter(({ ready }) => !ready)
  if (bad.length === 0) return [`${found.map(({ name }) => name).join(', ')} Ready`]
  return [bad.map(({ name, message }) => `${name} is not Ready (${message})`).join('; '), `skiff why node ${bad[0]?.name}`]
}

/** Two IPv4 ranges overlap when the shorter prefix has both their first addresses. */
export function rangesOverlap(one: string, other: string): boolean {
  const [a, b] = [parseRange(one), parseRange(other)]
  if (a === undefined || b === undefined) return false
  const size = 2 ** (32 - Math.min(a.prefix, b.prefix))
  return Math.floor(a.address / size) === Math.floor(b.address / size)
}

function parseRange(range: string): { readonly address: number; readonly prefix: number } | undefined {
  const [ip = '', prefix = '32'] = range.split('/')
  if (!isIPv4(ip)) return undefined
  return { address: ip.split('.').reduce((sum, part) => sum * 256 + Number(part), 0), prefix: Number(prefix) }
}

/** Looks at this machine and changes nothing. Whatever can't be seen is left out or told of, never thrown. */
import { X509Certificate } from 'node:crypto'
import { readdirSync, readFileSync, readlinkSync, type Stats, statfsSync, statSync } from 'node:fs'
import { get } from 'node:https'
import { delimiter, join } from 'node:path'
import { clusterFactsOfAgent, missingPrograms, nodeNameOfAgent } from '@skiff/agent'
import { findCondition, NODES, type Node } from '@skiff/api'
import { askDocker, dockerHostOf } from '../docker-api.ts'
import { describeFailure } from '../failure.ts'
import { agentDirectory, masterDirectory } from '../home.ts'
import { run } from '../hosts/index.ts'
import { localClient } from '../local-client.ts'
import { agentContainerEnded } from '../up/agent-container.ts'
import { masterIsReady } from '../up/master-is-ready.ts'
import { NO_ANSWER } from './checks.ts'
import type { EngineFacts, Listener, MachineFacts, RouteFact } from './machine-facts.ts'
import { parseSockets } from './parse-sockets.ts'
import { readMasters } from './read-masters.ts'

const ENGINE_TIMEOUT_MS = 5_000
const MASTER_TIMEOUT_MS = 5_000
const DEFAULT_RANGES = { serviceCidr: '10.96.0.0/16', podCidr: '10.244.0.0/16', dnsAddress: '10.96.0.10' }
const CERTIFICATES = ['ca.crt', 'apiserver.crt', 'server.crt', 'client.crt']

export async function readMachine(home: string, now: Date): Promise<MachineFacts> {
  const dockerHost = dockerHostOf()
  const root = process.getuid?.() === 0
  const path = pathOf(process.env, root)
  const engine = await engineFacts(dockerHost)
  const nftProblem = await nftProblemOf()
  const agent = await clusterFactsOfAgent(agentDirectory(home))
  const listeners = listenersOf()
  const agentListens = agent !== undefined && listeners.some(({ port, program }) => port === 10250 && isNode(program))
  // Its files are root's, so that a user without root can't read what it knows.
  const agentContainer = !('problem' in engine) && (await answers(() => agentContainerRuns(dockerHost, home)))
  // Together: each waits a while for a master that hangs.
  const [masterServes, master, nodeName] = await Promise.all([
    masterIsReady(home).then(Boolean, () => false),
    masterFacts(home, now),
    nodeNameOfAgent(agentDirectory(home)).catch(() => undefined),
  ])
  const masters = await readMasters(home)
  const nodes = masterServes ? await nodeFacts(home) : undefined
  return {
    ...{ now, home, dockerHost, engine, listeners, root },
    path,
    missingPrograms: await missingPrograms(path),
    ...(nftProblem === undefined ? {} : { nftProblem }),
    ipForward: read('/proc/sys/net/ipv4/ip_forward').trim() === '1',
    routes: await routesOf(),
    ranges: { ...(agent ?? DEFAULT_RANGES), ...rangesOfMaster(home), inUse: agent !== undefined || masterServes },
    badPermissions: badPermissions(home),
    disks: disksOf([home, ...('problem' in engine ? [] : [engine.dataRoot])]),
    certificates: [masterDirectory(home), agentDirectory(home)].flatMap(certificatesIn),
    builtAt: statSync(import.meta.filename).mtime,
    // One that hangs has its port all the same.
    running: { master: masterServes || masters.length > 0, agent: agentListens || agentContainer },
    masters,
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(master === undefined ? {} : { master }),
    ...(nodes === undefined ? {} : { nodes }),
  }
}

async function agentContainerRuns(dockerHost: string, home: string): Promise<void> {
  const ended = await agentContainerEnded(dockerHost, home)
  if (ended !== undefined) throw new Error(ended)
}

async function engineFacts(dockerHost: string): Promise<MachineFacts['engine']> {
  interface Info {
    readonly ServerVersion: string
    readonly LiveRestoreEnabled: boolean
    readonly CgroupVersion?: string
    readonly CgroupDriver: string
    readonly DockerRootDir: string
  }
  try {
    const info = await askDocker<Info>(dockerHost, '/info', { timeoutMs: ENGINE_TIMEOUT_MS })
    const facts: EngineFacts = {
      version: info.ServerVersion,
      liveRestore: info.LiveRestoreEnabled,
      cgroupVersion: info.CgroupVersion === '2' ? '2' : '1',
      cgroupDriver: info.CgroupDriver,
      dataRoot: info.DockerRootDir,
    }
    return facts
  } catch (error) {
    return { problem: describeFailure(error) }
  }
}

async function nftProblemOf(): Promise<string | undefined> {
  return run('nft', ['list', 'ruleset']).then(
    () => undefined,
    (error: Error) => error.message.split('\n')[0]?.replace(/^nft list ruleset: /, '') ?? 'it fails',
  )
}

async function routesOf(): Promise<readonly RouteFact[]> {
  const answer = await run('ip', ['-4', '-j', 'route', 'show', 'table', 'main']).catch(() => '[]')
  return JSON.parse(answer.trim() || '[]') as RouteFact[]
}

/** Others start the agent by sudo, or in a container: both look into root's folders. */
function pathOf({ PATH = '' }: NodeJS.ProcessEnv, root: boolean): string {
  return root ? PATH : [PATH, '/usr/sbin', '/sbin'].join(delimiter)
}

function rangesOfMaster(home: string): { serviceCidr: string; podCidr: string; dnsAddress: string } | undefined {
  const text = read(join(masterDirectory(home), 'ranges.json'))
  if (text === '') return undefined
  const ranges = JSON.parse(text) as { serviceCidr: string; podCidr: string }
  const [a, b, c] = ranges.serviceCidr.split('.')
  return { ...ranges, dnsAddress: `${a}.${b}.${c}.10` }
}

function listenersOf(): Listener[] {
  const sockets = (['tcp', 'udp'] as const).flatMap((protocol) =>
    [protocol, `${protocol}6`].flatMap((file) => parseSockets(read(`/proc/net/${file}`), protocol)),
  )
  const wanted = sockets.filter(({ port }) => [53, 6443, 10250].includes(port))
  return wanted.map(({ inode, ...listener }) => {
    const program = programWithSocket(inode)
    return program === undefined ? listener : { ...listener, program }
  })
}

function programWithSocket(inode: string): string | undefined {
  const pid = entries('/proc')
    .filter((name) => /^\d+$/.test(name))
    .find((name) => entries(`/proc/${name}/fd`).some((fd) => linkOf(`/proc/${name}/fd/${fd}`) === `socket:[${inode}]`))
  return pid === undefined ? undefined : `${read(`/proc/${pid}/comm`).trim()} (pid ${pid})`
}

/** Only what is there: a machine on which nothing ran yet has no directory. */
function badPermissions(home: string): { path: string; mode: string }[] {
  const directories = [home, masterDirectory(home), agentDirectory(home)]
  const keys = directories.slice(1).flatMap((directory) =>
    entries(directory)
      .filter((name) => /\.(key|kubeconfig|db)$|^kubeconfig$/.test(name))
      .map((name) => join(directory, name)),
  )
  return [...directories, ...keys].flatMap((path) => {
    const mode = statOf(path)?.mode ?? 0
    return (mode & 0o077) === 0 ? [] : [{ path, mode: (mode & 0o777).toString(8).padStart(4, '0') }]
  })
}

function disksOf(paths: readonly string[]): MachineFacts['disks'] {
  return paths.flatMap((path) => {
    try {
      const { bavail, blocks, bsize } = statfsSync(path)
      return [{ path, freeBytes: bavail * bsize, totalBytes: blocks * bsize }]
    } catch {
      return []
    }
  })
}

function certificatesIn(directory: string): { file: string; validTo: Date }[] {
  return CERTIFICATES.map((name) => join(directory, name)).flatMap((file) => {
    const text = read(file)
    return text.includes('BEGIN CERTIFICATE') ? [{ file, validTo: new Date(new X509Certificate(text).validTo) }] : []
  })
}

/** By the address at which agents know it, or the one it gives itself. */
async function masterFacts(home: string, now: Date): Promise<MachineFacts['master']> {
  const fromAgent = read(join(agentDirectory(home), 'server-url')).trim()
  const server = fromAgent || /server: (\S+)/.exec(read(join(masterDirectory(home), 'admin.kubeconfig')))?.[1]
  if (!server) return undefined
  const ca = read(join(fromAgent ? agentDirectory(home) : masterDirectory(home), 'ca.crt'))
  try {
    const date = await dateOf(server, ca)
    return { server, clockSkewMs: now.getTime() - date.getTime() }
  } catch (error) {
    return { server, problem: describeFailure(error) }
  }
}

/** Any answer will do, also a refusal. */
function dateOf(server: string, ca: string): Promise<Date> {
  return new Promise((resolve, reject) => {
    const sent = get(`${server}/version`, { ca, timeout: MASTER_TIMEOUT_MS }, (answer) => {
      answer.resume()
      resolve(new Date(answer.headers.date ?? Date.now()))
    })
    sent.once('timeout', () => sent.destroy(new Error(`${NO_ANSWER} ${MASTER_TIMEOUT_MS / 1000} s`)))
    sent.once('error', reject)
  })
}

async function nodeFacts(home: string): Promise<MachineFacts['nodes']> {
  const { items } = await localClient(home).list<Node>(NODES)
  return items.map(({ metadata, status }) => {
    const ready = findCondition(status?.conditions, 'Ready')
    return { name: metadata.name, ready: ready?.status === 'True', message: ready?.message ?? 'its agent has told nothing' }
  })
}

async function answers(ask: () => Promise<unknown>): Promise<boolean> {
  return Promise.resolve()
    .then(ask)
    .then(
      () => true,
      () => false,
    )
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path)
  } catch {
    return undefined
  }
}

function entries(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

/** Newer releases of Node call their first thread, and so the process, MainThread. */
function isNode(program: string | undefined): boolean {
  return program === undefined || /node|MainThread/.test(program)
}

/**
 * A whole cluster for a test: a master process on this machine, and agents on hosts with Docker daemons of their own.
 * Names, addresses and ports are its own, so that it works beside others; disposing it leaves nothing behind.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { NODES, type Node } from '@skiff/api'
import { ApiClient } from '@skiff/client'
import {
  createFabric,
  type DaemonOptions,
  type Fabric,
  fabricOf,
  type Host,
  hostSocket,
  insideHost,
  removeFabric,
  removeHost,
  run,
  startHost,
} from '../../packages/cli/src/hosts/index.ts'
import { ProcessTable } from '../../packages/cli/src/up/background-process.ts'
import { freePort } from './free-port.ts'
import { type CommandResult, type Kubectl, kubectlWith } from './kubectl.ts'
import { TestHost } from './test-host.ts'
import { waitFor } from './wait-for.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const SKIFF = join(ROOT, 'packages', 'cli', 'bin', 'skiff')
const SERVICE_CIDR = '10.112.0.0/16'
const POD_CIDR = '10.113.0.0/16'

export interface ClusterOptions {
  readonly hosts?: number
  readonly daemon?: DaemonOptions
  /** Pods stay on a lost node for 300 s, as long as in any other cluster: what a starved machine does to its nodes concerns no test. */
  readonly isPatient?: boolean
  /** Without: the images come from a registry or not at all. */
  readonly sampleImages?: boolean
}

/** The environment of a process whose clock is off. */
export function clockOff(hours: number): Record<string, string> {
  const shim = join(import.meta.dirname, 'shifted-clock.cjs')
  return { NODE_OPTIONS: `--require ${shim}`, SHIFT_CLOCK_MS: String(hours * 3_600_000) }
}

export interface AgentStart {
  /** `found`: the agent finds it out. Without: the host's. */
  readonly nodeIp?: string
  /** False: it has joined before, and the master isn't there to give it another token. */
  readonly withToken?: boolean
  readonly env?: Readonly<Record<string, string>>
}

/** A host of a cluster: what runs on it of Skiff is its own to start and to end. */
export class ClusterHost extends TestHost {
  readonly #cluster: Cluster

  constructor(host: Host, cluster: Cluster, daemon?: DaemonOptions) {
    super(host, daemon)
    this.#cluster = cluster
  }

  /** An HTTP request from inside the host, by the project's own Node: the body, or an error. */
  fetch(url: string): Promise<string> {
    const script =
      'fetch(process.argv[1], { signal: AbortSignal.timeout(5000) }).then(async (r) => process.stdout.write(await r.text())).catch((e) => { console.error(String(e.cause ?? e)); process.exit(1) })'
    return this.exec([join(ROOT, 'scripts', 'with-node'), 'node', '-e', script, url])
  }

  async startAgent(options: AgentStart = {}): Promise<void> {
    await this.#cluster.startAgent(this, options)
  }

  async stopAgent(): Promise<void> {
    await this.#cluster.processes.stop(`agent-${this.name}`)
  }

  /** SIGKILL for the agent: its proxy ends by itself, its containers don't. */
  async killAgent(): Promise<void> {
    await this.kill('agent')
    await waitFor(`the agent of ${this.name} is gone`, () => !this.#cluster.processes.isRunning(`agent-${this.name}`))
  }

  /** The process id, inside the host, of its agent or proxy; undefined: it doesn't run. */
  async pidOf(component: 'agent' | 'proxy'): Promise<number | undefined> {
    const found = await this.exec(['sh', '-c', `pgrep -o -f 'main[.]js ${component} ' || true`])
    return found.trim() === '' ? undefined : Number(found)
  }

  /** Gives the process id that it had. */
  async kill(component: 'agent' | 'proxy'): Promise<number> {
    const pid = await waitFor(`${this.name} has a running ${component}`, () => this.pidOf(component))
    await this.exec(['kill', '-9', String(pid)])
    return pid
  }

  /** As a service manager stops it: without live-restore it takes its containers with it. */
  async stopDaemon(): Promise<void> {
    const pid = (await this.exec(['cat', '/run/docker.pid'])).trim()
    await this.exec(['kill', pid])
    await waitFor(
      `the daemon of ${this.name} has ended`,
      async () => (await this.exec(['sh', '-c', `test -d /proc/${pid} || echo gone`])) === 'gone\n',
    )
  }
}

export class Cluster implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'skiff-'))
  readonly fabric: Fabric
  readonly processes = new ProcessTable({ runDirectory: join(this.folder, 'run'), logDirectory: join(this.folder, 'log') })
  readonly port: number
  hosts: readonly ClusterHost[] = []
  readonly #options: ClusterOptions
  #client: ApiClient | undefined

  constructor(options: ClusterOptions, { fabric, port }: { fabric: Fabric; port: number }) {
    this.#options = options
    this.fabric = fabric
    this.port = port
  }

  get home(): string {
    return this.folder
  }

  get socket(): string {
    return join(this.folder, 'master', 'api.sock')
  }

  get kubeconfig(): string {
    return join(this.folder, 'master', 'admin.kubeconfig')
  }

  /** `skiff` itself. */
  get program(): string {
    return SKIFF
  }

  get server(): string {
    return `https://${this.fabric.gateway}:${this.port}`
  }

  /** As root of the master's machine. */
  get client(): ApiClient {
    this.#client ??= new ApiClient({ server: `unix:${this.socket}`, userAgent: 'test' })
    return this.#client
  }

  get kubectl(): Kubectl {
    return kubectlWith(this.kubeconfig)
  }

  host(index: number): ClusterHost {
    const host = this.hosts[index]
    if (!host) throw new Error(`there is no host ${index}`)
    return host
  }

  /** kubectl that must succeed: its output. */
  async kubectlOk(args: readonly string[], input?: string): Promise<string> {
    const result = await this.kubectl(args, input)
    if (result.code !== 0)
      throw new Error(`kubectl ${args.join(' ')} ended with ${result.code}: ${result.stderr}${result.stdout}`)
    return result.stdout
  }

  /** `skiff` on the master's machine, with this cluster's home. */
  skiff(...args: string[]): Promise<CommandResult> {
    return run(SKIFF, ['--home', this.home, ...args]).then(
      (stdout) => ({ code: 0, stdout, stderr: '' }),
      (error: Error) => ({ code: 1, stdout: '', stderr: error.message }),
    )
  }

  async startMaster(env: Readonly<Record<string, string>> = {}): Promise<void> {
    const args = [
      '--data-dir',
      join(this.folder, 'master'),
      '--bind',
      this.fabric.gateway,
      '--advertise-address',
      this.fabric.gateway,
      '--port',
      String(this.port),
    ]
    const patience = this.#options.isPatient ? ['--default-toleration-seconds', '300'] : []
    const ranges = ['--service-cidr', SERVICE_CIDR, '--pod-cidr', POD_CIDR]
    await this.processes.ensure({
      name: 'master',
      command: [SKIFF, 'master', ...args, ...ranges, ...patience],
      stamp: 'test',
      env,
    })
    await waitFor('the master serves', async () => {
      if (!this.processes.isRunning('master')) throw new Error(`the master ended: ${this.log('master').slice(-2_000)}`)
      await this.client.request('GET', '/readyz')
      return true
    })
  }

  async killMaster(): Promise<void> {
    this.processes.signal('master', 'SIGKILL')
    await waitFor('the master is gone', () => !this.processes.isRunning('master'))
  }

  async startAgent({ host, name, ip }: ClusterHost, { nodeIp = ip, withToken = true, env = {} }: AgentStart = {}): Promise<void> {
    const join_ = withToken ? await this.joinEnvironment() : {}
    const dataDir = join(this.folder, `agent-${name}`)
    const agent = [
      SKIFF,
      'agent',
      '--join',
      this.server,
      '--node-name',
      name,
      ...(nodeIp === 'found' ? [] : ['--node-ip', nodeIp]),
      '--docker-host',
      `unix://${hostSocket(host)}`,
      '--data-dir',
      dataDir,
    ]
    await this.processes.ensure({
      name: `agent-${name}`,
      command: insideHost(host, agent),
      stamp: 'test',
      env: { ...join_, ...env },
    })
  }

  async joinEnvironment(): Promise<Record<string, string>> {
    const { stdout, stderr } = await this.skiff('token', 'create')
    const [, token, caHash] = /--token (\S+) --ca-hash (\S+)/.exec(stdout) ?? []
    if (token === undefined || caHash === undefined) throw new Error(`there is no token: ${stderr}${stdout}`)
    return { SKIFF_TOKEN: token, SKIFF_CA_HASH: caHash }
  }

  async nodesReady(names: readonly string[] = this.hosts.map(({ name }) => name), timeoutMs = 120_000): Promise<void> {
    await waitFor(
      `${names.join(', ')} are Ready`,
      async () => {
        const { items } = await this.client.list<Node>(NODES)
        if (names.every((name) => items.some((node) => node.metadata.name === name && nodeIsWhole(node)))) return true
        throw new Error(
          items.map(({ metadata, spec, status }) => JSON.stringify([metadata.name, spec, status?.conditions])).join('\n'),
        )
      },
      timeoutMs,
    )
  }

  log(process: string): string {
    return readFileSync(this.processes.logFile(process), 'utf8')
  }

  /** Another host on the same network, switched on; its agent is not started. */
  async addHost(): Promise<ClusterHost> {
    const number = 11 + this.hosts.length
    const host: Host = {
      name: `node${this.hosts.length + 1}`,
      number,
      fabric: this.fabric,
      folder: join(this.folder, 'hosts', String(number)),
    }
    await startHost(host, this.#options.daemon)
    const added = new ClusterHost(host, this, this.#options.daemon)
    this.hosts = [...this.hosts, added]
    return added
  }

  /** How the logs of its processes and of its hosts' daemons end. */
  lastWords(): string {
    const processes = ['master', ...this.hosts.map(({ name }) => `agent-${name}`)]
    return [
      ...processes.map((name) => `--- ${name}\n${endOf(this.processes.logFile(name), 6_000)}\n`),
      ...this.hosts.map(({ name, host }) => `--- dockerd of ${name}\n${endOf(join(host.folder, 'dockerd.log'), 2_000)}\n`),
    ].join('')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clusters.delete(this)
    this.#client?.close()
    for (const { name } of this.hosts) await this.processes.stop(`agent-${name}`)
    await this.processes.stop('master')
    await Promise.all(this.hosts.map(({ host }) => removeHost(host)))
    await removeFabric(this.fabric)
    if (process.env.SKIFF_TEST_KEEP === undefined) rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Ready, and without the taints that keep pods away from a node that isn't (they go a moment later). */
export function nodeIsWhole({ status, spec }: Node): boolean {
  const ready = status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false
  return ready && (spec.taints ?? []).length === 0
}

/** A running cluster: master up, every host's node Ready. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const cluster = new Cluster(options, { fabric: fabricOf(`t${uniqueName()}`, await freePrefix()), port: await freePort() })
  clusters.add(cluster)
  try {
    await createFabric(cluster.fabric)
    const started = cluster.startMaster()
    for (let i = 0; i < (options.hosts ?? 1); i++) await cluster.addHost()
    await started
    for (const host of cluster.hosts) await host.startAgent()
    const [first] = cluster.hosts
    if (first && options.sampleImages !== false) await buildSampleImages(first)
    await cluster.nodesReady()
    return cluster
  } catch (error) {
    process.stderr.write(cluster.lastWords())
    await cluster[Symbol.asyncDispose]()
    throw error
  }
}

export async function buildSampleImages(host: ClusterHost): Promise<void> {
  await run(join(ROOT, 'scripts', 'with-node'), [join(ROOT, 'scripts', 'sample-images.ts'), '--docker-host', host.dockerHost])
}

export function manifest(name: string): string {
  return readFileSync(join(ROOT, 'manifests', name), 'utf8')
}

/** Those that are up: a test that fails doesn't know which it used. */
const clusters = new Set<Cluster>()

export function lastWordsOfClusters(): string {
  return [...clusters].map((cluster) => cluster.lastWords()).join('')
}

function endOf(file: string, characters: number): string {
  try {
    return readFileSync(file, 'utf8').slice(-characters)
  } catch {
    return ''
  }
}

function uniqueName(): string {
  return process.pid.toString(36).slice(-4)
}

/** A /24 that this machine has no route to. */
async function freePrefix(): Promise<string> {
  const routes = execFileSync('ip', ['-4', 'route'], { encoding: 'utf8' })
  for (let i = 1; i < 255; i++) {
    const prefix = `10.78.${(process.pid + i) % 254}`
    if (!routes.includes(`${prefix}.`)) return prefix
  }
  throw new Error(`${hostname()} has no free network for a test`)
}

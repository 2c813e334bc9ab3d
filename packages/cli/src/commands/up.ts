import { existsSync, mkdirSync, readFileSync, statfsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { findCondition, NODES, type Node, nodeIsReady } from '@skiff/api'
import { createJoinToken } from '@skiff/master'
import { parse } from 'yaml'
import { dockerHostArguments, dockerHostOf } from '../docker-api.ts'
import { adminKubeconfig, agentDirectory, apiSocket, masterDirectory } from '../home.ts'
import { createFabric, type Host, hostAddress, hostSocket, insideHost, startHost } from '../hosts/index.ts'
import { lastError } from '../last-lines.ts'
import { localClient } from '../local-client.ts'
import { showProgress } from '../progress.ts'
import { agentContainerEnded } from '../up/agent-container.ts'
import { ensureAgentWithoutRoot, isRoot } from '../up/agent-without-root.ts'
import type { BackgroundProcess, ProcessTable } from '../up/background-process.ts'
import { buildStamp } from '../up/build-stamp.ts'
import { furtherHosts, KEEP_RUNNING, machineFabric, machineProcesses, nodeNameOfMachine, SKIFF } from '../up/machine.ts'
import { masterIsReady } from '../up/master-is-ready.ts'
import { mergeKubeconfig, userKubeconfig } from '../up/merge-kubeconfig.ts'
import { waitUntil } from '../up/wait-until.ts'

interface UpOptions {
  readonly home: string
  readonly agents: number
  readonly merge: boolean
  readonly port: number
  readonly serviceCidr: string
  readonly podCidr: string
}

const MASTER_TIMEOUT_MS = 30_000
const NODE_TIMEOUT_MS = 60_000
const JOIN_TOKEN_TTL_MS = 10 * 60_000
const LEAST_FOR_A_LINE_BYTES = 64 * 1024

/** A master and agents on this machine, in the background. Whatever runs already as it should is left alone. */
export async function up(options: UpOptions): Promise<void> {
  const { home } = options
  const agents = isRoot() ? options.agents : 1
  if (!isRoot()) process.stdout.write(`without root: one agent, in a container on ${dockerHostOf()}\n`)
  mkdirSync(home, { recursive: true, mode: 0o700 })
  const processes = machineProcesses(home)
  const stamp = buildStamp()
  await ensureMaster(processes, stamp, options)
  const server = serverOf(home)
  const own = nodeNameOfMachine()
  const started = new Map([[own, await ensureAgent(processes, { home, server, stamp, name: own })]])
  const hosts = furtherHosts(home, agents)
  if (hosts.length > 0) await createFabric(machineFabric())
  for (const host of hosts) {
    await showProgress(`starting host ${host.name}`, async () => ({
      result: await startHost(host),
      done: `host ${host.name} runs at ${hostAddress(host)}, with its own Docker daemon`,
    }))
    started.set(host.name, await ensureAgent(processes, { home, server, stamp, name: host.name, host }))
  }
  await nodesReady(processes, home, started)
  if (options.merge) mergeKubeconfig(adminKubeconfig(home), userKubeconfig())
  printNext(options, server)
}

async function ensureMaster(
  processes: ProcessTable,
  stamp: string,
  { home, port, serviceCidr, podCidr }: UpOptions,
): Promise<void> {
  const command = [
    KEEP_RUNNING,
    SKIFF,
    '--home',
    home,
    'master',
    '--data-dir',
    masterDirectory(home),
    '--port',
    String(port),
    '--service-cidr',
    serviceCidr,
    '--pod-cidr',
    podCidr,
  ]
  await showProgress('starting the master', async () => {
    const outcome = await processes.ensure({ name: 'master', command, stamp })
    await waitUntil(() => masterIsReady(home), {
      what: 'the master serves',
      timeoutMs: MASTER_TIMEOUT_MS,
      hopeless: () => endedWith(processes, 'master'),
    })
    return {
      result: undefined,
      done: outcome === 'unchanged' ? 'the master runs already' : `the master is ${outcome}: ${serverOf(home)}`,
    }
  })
}

function serverOf(home: string): string {
  const kubeconfig = parse(readFileSync(adminKubeconfig(home), 'utf8')) as { clusters: { cluster: { server: string } }[] }
  return kubeconfig.clusters[0]?.cluster.server ?? ''
}

interface AgentOptions {
  readonly home: string
  readonly server: string
  readonly stamp: string
  readonly name: string
  /** Absent: this machine itself. */
  readonly host?: Host
}

/** Resolves to the time at which it was started, in milliseconds; 0 if it runs already. */
async function ensureAgent(processes: ProcessTable, options: AgentOptions): Promise<number> {
  const { home, name, host } = options
  const agent: BackgroundProcess = {
    name: agentProcess(host),
    command: agentCommand(options),
    stamp: options.stamp,
    env: await joinEnvironment(home, host),
  }
  const now = Date.now()
  const outcome = isRoot() ? await processes.ensure(agent) : await ensureAgentWithoutRoot({ home, env: {}, ...agent })
  process.stdout.write(outcome === 'unchanged' ? `agent ${name} runs already\n` : `agent ${name} is ${outcome}\n`)
  return outcome === 'unchanged' ? 0 : now
}

function agentProcess(host: Host | undefined): string {
  return host === undefined ? 'agent' : `agent-${host.name}`
}

function agentCommand({ home, server, name, host }: AgentOptions): string[] {
  const common = [
    // In a container the engine does so.
    ...(isRoot() ? [KEEP_RUNNING] : []),
    SKIFF,
    '--home',
    home,
    'agent',
    '--join',
    server,
    '--node-name',
    name,
    '--data-dir',
    agentDirectory(home, host?.name),
  ]
  if (!host) return [...common, ...dockerHostArguments()]
  return insideHost(host, [...common, '--node-ip', hostAddress(host), '--docker-host', `unix://${hostSocket(host)}`])
}

/** The token goes by the environment, so that the process list doesn't show it, and only until the agent has its certificate. */
async function joinEnvironment(home: string, host: Host | undefined): Promise<Record<string, string>> {
  if (existsSync(join(agentDirectory(home, host?.name), 'client.crt'))) return {}
  const client = localClient(home)
  try {
    const { token, caHash } = await createJoinToken({ client, dataDir: masterDirectory(home), ttlMs: JOIN_TOKEN_TTL_MS })
    return { SKIFF_TOKEN: token, SKIFF_CA_HASH: caHash }
  } finally {
    client.close()
  }
}

/** `started`: when the agent of which node was. */
async function nodesReady(processes: ProcessTable, home: string, started: ReadonlyMap<string, number>): Promise<void> {
  const client = localClient(home)
  const names = [...started.keys()]
  try {
    await showProgress('waiting for the nodes', async () => {
      await waitUntil(async () => allReady(started, (await client.list<Node>(NODES)).items), {
        what: `${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} Ready`,
        timeoutMs: NODE_TIMEOUT_MS,
        hopeless: () => (isRoot() ? agentEnded(processes, names) : agentContainerEnded(dockerHostOf(), home)),
      })
      return { result: undefined, done: `${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} Ready` }
    })
  } finally {
    client.close()
  }
}

/** Throws what is known of the first that isn't, as `waitUntil` asks. */
function allReady(started: ReadonlyMap<string, number>, nodes: readonly Node[]): true {
  for (const [name, startedAt] of started) {
    const node = nodes.find(({ metadata, status }) => metadata.name === name && saidSince(status, startedAt))
    if (node !== undefined && nodeIsReady(node)) continue
    const words = findCondition(node?.status?.conditions, 'Ready')?.message ?? 'its agent has told nothing yet'
    throw new Error(
      `${name} is not (${words}): "skiff why node ${name}" and "skiff doctor" say more; "skiff down" and "skiff up" start everything anew`,
    )
  }
  return true
}

/** What the node's former agent said of it may be kept still. The API's times are in whole seconds. */
function saidSince(status: Node['status'], startedAt: number): boolean {
  const { lastHeartbeatTime = '' } = findCondition(status?.conditions, 'Ready') ?? {}
  return startedAt === 0 || Date.parse(lastHeartbeatTime) >= startedAt - 1_000
}

function agentEnded(processes: ProcessTable, names: readonly string[]): string | undefined {
  return (
    endedWith(processes, 'agent') ??
    names
      .slice(1)
      .map((name) => endedWith(processes, `agent-${name}`))
      .find(Boolean)
  )
}

function endedWith(processes: ProcessTable, name: string): string | undefined {
  if (processes.isRunning(name)) return undefined
  const log = processes.logFile(name)
  // On a full disk the log ends before the reason.
  const why = diskIsFull(dirname(log)) ? `the disk of ${log} is full: make room there` : lastError(log)
  return `the ${name} ended: ${why ?? 'it said nothing'} (its log: ${log})`
}

function diskIsFull(directory: string): boolean {
  const { bavail, bsize } = statfsSync(directory)
  return bavail * bsize < LEAST_FOR_A_LINE_BYTES
}

function printNext({ home, merge }: UpOptions, server: string): void {
  const kubectl = merge ? 'kubectl --context skiff' : `kubectl --kubeconfig ${adminKubeconfig(home)}`
  process.stdout.write(
    [
      '',
      `API server    ${server} (and ${apiSocket(home)} for root)`,
      `kubeconfig    ${adminKubeconfig(home)}${merge ? `, merged into ${userKubeconfig()} as context "skiff"` : ''}`,
      `try           ${kubectl} get nodes,pods,svc -A -o wide`,
      `              curl --unix-socket ${apiSocket(home)} --data-binary @manifests/hello.yaml http://skiff/apply`,
      'join a host   skiff token create',
      '',
    ].join('\n'),
  )
}

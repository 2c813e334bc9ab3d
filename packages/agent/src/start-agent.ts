import { join as joinPath } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Checkpoint, type Log, makeDirectories } from '@skiff/client'
import { type Generation, type GenerationOptions, MASTER_PATIENCE_MS, startGeneration } from './agent-generation.ts'
import { checkpointPath, forgetCluster, type NodeCredentials, readCredentials } from './bootstrap/agent-files.ts'
import { checkHost } from './bootstrap/check-host.ts'
import { hasExpired, isOfAnotherCluster, type JoinOptions, join, renew, renewAt, servesAddress } from './bootstrap/join.ts'
import { JoinError } from './bootstrap/join-error.ts'
import type { Engine } from './docker-engine.ts'
import { hostCommands } from './network/host-commands.ts'
import { nodeAddress } from './node/node-address.ts'
import { readNodeSettings } from './node/read-node-settings.ts'
import { clusterFactsOfAgent, purgeAgent } from './purge/purge-agent.ts'
import { CHECKPOINTED_PODS, type NetworkRanges } from './run-agent.ts'
import { createDockerRuntime } from './runtime/docker/docker-runtime.ts'

/** What the caller needs to know to start this host's proxy. */
export interface ProxyFacts {
  readonly kubeconfig: string
  readonly nodeName: string
  readonly nodeIp: string
  readonly clusterId: string
  readonly ranges: NetworkRanges
}

export interface AgentOptions {
  /** `https://host:6443`; with `token` and `caHash` needed until the first join. */
  readonly server?: string
  readonly token?: string
  /** `sha256:<hex>` of the CA's public key. */
  readonly caHash?: string
  readonly nodeName: string
  /** Absent: the address towards the master. */
  readonly nodeIp?: string
  /** `unix:///var/run/docker.sock` */
  readonly dockerHost: string
  readonly dataDir: string
  readonly labels?: Readonly<Record<string, string>>
  readonly maxPods?: number
  /** What whoever runs the node has set; a file of that name in the data directory if absent. */
  readonly config?: string
  /** Settings that count more than the file's, under the same names. */
  readonly settings?: Readonly<Record<string, unknown>>
  /** Of the agent's own HTTPS server. */
  readonly port?: number
  /** The command line of this host's proxy, which the agent then supervises; absent: none is started. */
  readonly proxyCommand?: (facts: ProxyFacts) => readonly string[]
  /**
   * An agent that knows its pods from before waits so long for the master, then it looks after them without; 5 s. So often
   * it tries to join again, too, once its certificate has expired.
   */
  readonly patienceMs?: number
  readonly now?: () => Date
  readonly random?: () => number
  readonly logger: Log
  readonly signal: AbortSignal
  /** Tests put others in their place. */
  readonly engine?: (clusterId: string) => Engine
}

export interface Agent {
  readonly nodeName: string
  readonly nodeIp: string
  readonly port: number
  /**
   * Resolves when the agent has ended after its signal; rejects when it can't go on (NodeDeletedError: it is not to).
   * Containers go on either way.
   */
  readonly stopped: Promise<void>
}

const RENEWAL_CHECK_MS = 3_600_000

/**
 * Makes this host a node: joins (once), registers, and runs the pods that are bound to it until the signal. Resolves when the node is
 * registered and its server listens; one that was registered before needs no master for it. Throws JoinError, with what to do, when
 * the host can't become a node.
 */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { dataDir, nodeName, now = () => new Date(), random = Math.random } = options
  await ensureDataDirectory(dataDir)
  const known = await readCredentials(dataDir, nodeName)
  // Compose passes an environment variable that isn't set as an empty one.
  const [server, token, caHash] = [options.server || undefined, options.token || undefined, options.caHash || undefined]
  const nodeIp = options.nodeIp ?? (await nodeAddress(server ?? known?.server))
  const joining: JoinOptions = {
    ...options,
    server,
    token,
    caHash,
    node: nodeName,
    nodeIp,
    knowsItsPods: () => knowsItsPods(options),
    now,
    random,
  }
  if (options.engine === undefined) await checkThisHost(options, known !== undefined)
  if (known !== undefined && isOfAnotherCluster(known, joining)) await leaveFormerCluster(options)
  const settings = await readNodeSettings(options)
  const credentials = await freshCredentials(await join(joining), joining)
  const first = await startGeneration({ options, settings, joining, credentials })
  const stopped = renewUntilStopped({ options, settings, joining, credentials }, first)
  return { nodeName, nodeIp, port: first.port, stopped }
}

async function ensureDataDirectory(dataDir: string): Promise<void> {
  try {
    await makeDirectories(joinPath(dataDir, 'pods'), 0o700)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new JoinError(`the agent can't keep its files in ${dataDir} (${why}): run it as root, or choose another --data-dir`, {
      cause: error,
    })
  }
}

async function checkThisHost({ dockerHost, nodeName }: AgentOptions, hasJoined: boolean): Promise<void> {
  const engine = createDockerRuntime({ dockerHost, clusterId: '', node: nodeName })
  await checkHost({ commands: hostCommands(), engine, hasJoined, path: process.env.PATH ?? '' })
}

/** The line that was typed is of another cluster than the one that this host belonged to, whose pods nobody will ask for again. */
async function leaveFormerCluster({ dataDir, dockerHost, nodeName, logger }: AgentOptions): Promise<void> {
  logger.warn({ node: nodeName }, 'this host joins another cluster: what the former one left here is removed')
  if ((await clusterFactsOfAgent(dataDir)) !== undefined) await purgeAgent({ dataDir, dockerHost })
  await forgetCluster(dataDir)
}

/** An earlier agent has kept which pods are this host's. */
async function knowsItsPods({ dataDir, nodeName, logger }: AgentOptions): Promise<boolean> {
  const facts = await clusterFactsOfAgent(dataDir)
  if (facts === undefined) return false
  const checkpoint = new Checkpoint({ directory: checkpointPath(dataDir), cluster: facts.clusterId, node: nodeName, logger })
  return (await checkpoint.load(CHECKPOINTED_PODS)) !== undefined
}

/** Certificates that are due, or say another address, are renewed first, if the master is there to do it. */
async function freshCredentials(
  credentials: NodeCredentials,
  joining: JoinOptions,
  complain: 'error' | 'debug' = 'error',
): Promise<NodeCredentials> {
  const { now, logger } = joining
  const due = renewAt(credentials) <= now().getTime() || !servesAddress(credentials, joining.nodeIp)
  if (!due) return credentials
  return await renew(credentials, joining).catch((error: unknown) => {
    if (!hasExpired(credentials, now())) logger.warn({ err: error }, 'certificates were not renewed, going on with the old ones')
    else logger[complain](`${wordsOf(error)}; until then the pods that are here are looked after from what is known of them`)
    return credentials
  })
}

function wordsOf(error: unknown): string {
  const words = error instanceof Error ? error.message : String(error)
  return error instanceof JoinError ? words : `this node's certificate has expired, and the master can't renew it (${words})`
}

/** New certificates and a new address mean a new generation of everything that holds connections; containers don't notice. */
async function renewUntilStopped(start: GenerationOptions, first: Generation): Promise<void> {
  const { signal, logger, patienceMs = MASTER_PATIENCE_MS } = start.options
  let { credentials, joining } = start
  let current = first
  while (!signal.aborted) {
    // Then nothing else makes the master hear of this host, and it has been complained of.
    const isLost = hasExpired(credentials, joining.now())
    const check = delay(isLost ? patienceMs : RENEWAL_CHECK_MS, undefined, { signal, ref: false }).catch(() => undefined)
    const nodeIp = (await Promise.race([check, current.stopped, current.moved])) ?? joining.nodeIp
    if (signal.aborted) break
    const moved = nodeIp !== joining.nodeIp
    joining = { ...joining, nodeIp }
    const renewed = await freshCredentials(credentials, joining, isLost ? 'debug' : 'error')
    if (!moved && renewed === credentials) continue
    credentials = renewed
    current.end.abort()
    await current.stopped
    current = await startGeneration({ ...start, joining, credentials })
    logger.info({ node: joining.node, nodeIp }, moved ? 'host has another address' : 'certificates renewed')
  }
  await current.stopped
}

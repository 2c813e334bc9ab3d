import { join as joinPath } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { CLUSTER_FACTS, type ClusterFacts, CONFIG_MAPS, type ConfigMap, clusterFactsOf, NODES, type Node } from '@skiff/api'
import { ApiClient, backoff, Checkpoint, createInformer, type Log, makeDirectories } from '@skiff/client'
import {
  checkpointPath,
  clusterFactsPath,
  forgetCluster,
  kubeconfigPath,
  type NodeCredentials,
  readCredentials,
  writePrivate,
} from './bootstrap/agent-files.ts'
import { checkHost } from './bootstrap/check-host.ts'
import {
  hasExpired,
  isOfAnotherCluster,
  type JoinOptions,
  join,
  renew,
  renewAt,
  servesAddress,
  USER_AGENT,
} from './bootstrap/join.ts'
import { JoinError } from './bootstrap/join-error.ts'
import { hostCredentials } from './images/host-credentials.ts'
import { createImageService } from './images/image-service.ts'
import { fetchOverTls, peerOf } from './images/peers.ts'
import { hostCommands } from './network/host-commands.ts'
import { createPodNetwork } from './network/pod-network.ts'
import { installationId } from './node/installation-id.ts'
import { contactMaster, type MasterContact, untilMasterAnswers } from './node/master-contact.ts'
import { isOwnAddress, nodeAddress } from './node/node-address.ts'
import { NodeDeletedError } from './node/node-deleted-error.ts'
import { refuseTakenName } from './node/node-name-taken.ts'
import type { NodeSettings } from './node/node-settings.ts'
import { readNodeSettings } from './node/read-node-settings.ts'
import { ProgrammedEndpoints } from './proxy/programmed-endpoints.ts'
import { superviseProxy } from './proxy/supervise-proxy.ts'
import { clusterFactsOfAgent, purgeAgent } from './purge/purge-agent.ts'
import { CHECKPOINTED_PODS, type NetworkRanges, runAgent } from './run-agent.ts'
import { createDockerRuntime } from './runtime/docker/docker-runtime.ts'
import { createDockerImageStore } from './runtime/docker/image-store.ts'
import { SANDBOX_IMAGE } from './runtime/docker/sandbox-image.ts'
import type { ContainerRuntime, ImageService, PodNetwork } from './runtime/runtime.ts'
import { type AgentServer, serveAgent } from './server/agent-server.ts'

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

interface Engine {
  readonly runtime: ContainerRuntime
  readonly images: ImageService
  readonly network: PodNetwork
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

/** The master answers one after the other: more of them would only be more connections to make, in a burst. */
const MAX_REQUESTS = 8
const DEFAULT_PORT = 10250
const DEFAULT_MAX_PODS = 110
const RENEWAL_CHECK_MS = 3_600_000
const MASTER_PATIENCE_MS = 5_000

/**
 * Makes this host a node: joins (once), registers, and runs the pods that are bound to it until the signal. Resolves when the node is
 * registered and its server listens; one that was registered before needs no master for it. Throws JoinError, with what to do, when
 * the host can't become a node.
 */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { dataDir, nodeName, signal, now = () => new Date(), random = Math.random } = options
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
  return { nodeName, nodeIp, port: first.port, stopped: stopped.finally(() => signal.aborted) }
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

interface Generation {
  readonly port: number
  readonly end: AbortController
  readonly stopped: Promise<void>
  /** Resolves with this host's address when it is another one than this generation tells. */
  readonly moved: Promise<string>
}

interface GenerationOptions {
  readonly options: AgentOptions
  readonly settings: NodeSettings
  readonly joining: JoinOptions
  readonly credentials: NodeCredentials
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

async function startGeneration({ options, settings, joining, credentials }: GenerationOptions): Promise<Generation> {
  const end = new AbortController()
  const signal = AbortSignal.any([options.signal, end.signal])
  const { server, ca, clientCert: cert, clientKey: key } = credentials
  const client = new ApiClient({ server, ca, cert, key, userAgent: USER_AGENT, maxRequests: MAX_REQUESTS })
  const { nodeName, dataDir } = options
  const { nodeIp, now, random, logger } = joining
  const identity = await installationId(dataDir)
  const facts = await untilMasterAnswers(() => clusterFacts(client, dataDir), { ...joining, signal })
  const { clusterId } = facts
  const ranges: NetworkRanges = { ...facts, clusterCidr: facts.podCidr, dnsIp: facts.dnsAddress }
  const checkpoint = new Checkpoint({ directory: checkpointPath(dataDir), cluster: clusterId, node: nodeName, logger })
  const contact = contactMaster(() => refuseTakenName(client, nodeName, identity), { ...joining, signal })
  await contactOrCheckpoint(contact, checkpoint, options)
  const engine =
    options.engine?.(clusterId) ?? dockerEngine({ options, settings, joining, credentials, client, clusterId, signal })

  const port = options.port ?? DEFAULT_PORT
  const agentServer = await serveAgent({ credentials, nodeName, port, engine, client, now, logger })
  const endpoints = new ProgrammedEndpoints()
  const moved = Promise.withResolvers<string>()
  let failure: Error | undefined
  const fail = (error: Error) => {
    failure ??= error
    end.abort()
  }
  contact.made.catch((error: unknown) => error instanceof JoinError && fail(error))
  const work = [superviseIfAsked({ options, client, endpoints, nodeIp, clusterId, ranges, random, signal })]
  work.push(
    runUntilStopped(agentServer, {
      client,
      ...engine,
      ranges,
      nodeName,
      nodeIp,
      agentPort: agentServer.port,
      identity,
      clusterId,
      dataDir,
      // An engine of a test's own runs nothing on this host.
      secretsInMemory: options.engine === undefined,
      labels: options.labels ?? {},
      maxPods: options.maxPods ?? DEFAULT_MAX_PODS,
      settings,
      checkpoint,
      contact,
      endpoints,
      onConnected: async () => {
        if (options.nodeIp === undefined && !isOwnAddress(nodeIp)) moved.resolve(await nodeAddress(server))
      },
      onDeleted: () => fail(new NodeDeletedError(`node ${nodeName} was deleted from the cluster`)),
      now,
      random,
      logger,
      signal,
    }),
  )
  const stopped = Promise.all(work).then(async () => {
    await checkpoint.flush()
    await agentServer.close()
    client.close()
    if (failure !== undefined) throw failure
  })
  stopped.catch(() => undefined)
  return { port: agentServer.port, end, stopped, moved: moved.promise }
}

/** What can't be done before the engine or the master answers is tried again: an agent that has joined never gives up. */
async function runUntilStopped(server: AgentServer, options: Parameters<typeof runAgent>[0]): Promise<void> {
  const { signal, logger, random } = options
  const retry = backoff({ initialMs: 500, maxMs: 10_000, jitter: 0.5, random })
  while (!signal.aborted) {
    const attempt = new AbortController()
    try {
      const running = await runAgent({ ...options, signal: AbortSignal.any([signal, attempt.signal]) })
      server.attach(running)
      return await running.stopped
    } catch (error) {
      attempt.abort()
      if (signal.aborted) return
      logger.error({ err: error }, 'agent could not start, trying again')
      await delay(retry.nextMs(), undefined, { signal }).catch(() => undefined)
    }
  }
}

/** Resolves when the master has answered, or doesn't and an earlier agent has kept what there is to do. Throws JoinError. */
async function contactOrCheckpoint(
  { made }: MasterContact,
  checkpoint: Checkpoint,
  { patienceMs = MASTER_PATIENCE_MS, logger }: AgentOptions,
): Promise<void> {
  const patience = new AbortController()
  const late = delay(patienceMs, true, { signal: patience.signal }).catch(() => false)
  const isLate = await Promise.race([made.then(() => false), late]).finally(() => patience.abort())
  if (!isLate) return
  if ((await checkpoint.load(CHECKPOINTED_PODS)) === undefined) return await made
  logger.warn('the master does not answer: the pods that were here are looked after from what is known of them')
}

/** Kept, so that an agent that starts while the master is away knows which containers are its own. */
async function clusterFacts(client: ApiClient, dataDir: string): Promise<ClusterFacts> {
  const kept = await clusterFactsOfAgent(dataDir)
  if (kept !== undefined) return kept
  const facts = clusterFactsOf(await client.get<ConfigMap>(CONFIG_MAPS, CLUSTER_FACTS))
  await writePrivate(clusterFactsPath(dataDir), `${JSON.stringify(facts)}\n`)
  return facts
}

interface EngineOptions extends GenerationOptions {
  readonly client: ApiClient
  readonly clusterId: string
  readonly signal: AbortSignal
}

function dockerEngine({ options, settings, joining, credentials, client, clusterId, signal }: EngineOptions): Engine {
  const { dockerHost, nodeName } = options
  const { random, logger } = joining
  const nodes = createInformer<Node>(client, NODES, { logger, signal })
  nodes.start()
  const { ca, clientCert, clientKey } = credentials
  const images = createImageService({
    store: createDockerImageStore({ dockerHost }),
    peers: () =>
      nodes
        .list()
        .filter(({ metadata }) => metadata.name !== nodeName)
        .flatMap(imagePeer),
    fetchFromPeer: fetchOverTls({ ca, cert: () => clientCert, key: () => clientKey, port: options.port ?? DEFAULT_PORT }),
    hostCredentials: (reference) => hostCredentials(reference, { env: process.env, logger }),
    dataDir: options.dataDir,
    removeForeign: settings.removeForeignImages,
    keep: [SANDBOX_IMAGE],
    now: joining.now,
    random,
    signal,
  })
  return {
    runtime: createDockerRuntime({ dockerHost, clusterId, node: nodeName }),
    images,
    network: createPodNetwork({ clusterId, commands: hostCommands() }),
  }
}

function imagePeer({ metadata, status }: Node) {
  const address = status?.addresses?.find(({ type }) => type === 'InternalIP')?.address
  const ready = status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True')
  return address === undefined || !ready ? [] : [peerOf({ name: metadata.name, address, images: status?.images ?? [] })]
}

interface SuperviseOptions extends Omit<ProxyFacts, 'kubeconfig' | 'nodeName'> {
  readonly options: AgentOptions
  readonly client: ApiClient
  readonly endpoints: ProgrammedEndpoints
  readonly random: () => number
  readonly signal: AbortSignal
}

async function superviseIfAsked({
  options,
  client,
  endpoints,
  nodeIp,
  clusterId,
  ranges,
  random,
  signal,
}: SuperviseOptions): Promise<void> {
  const { proxyCommand, dataDir, nodeName, logger } = options
  if (proxyCommand === undefined) return
  const command = proxyCommand({ kubeconfig: kubeconfigPath(dataDir), nodeName, nodeIp, clusterId, ranges })
  await superviseProxy({ command, endpoints, onReconnect: (listener) => client.onReconnect(listener), random, logger, signal })
}

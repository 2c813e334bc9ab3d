import { join } from 'node:path'
import { isNotFound, NODES, type Node, PODS, type Pod, SERVICES, type Service } from '@skiff/api'
import { type ApiClient, type Checkpoint, createInformer, type Informer, type Log, snapshotIn } from '@skiff/client'
import type { DeletedLogs } from './deleted-logs/deleted-logs.ts'
import type { PressureCondition } from './eviction/signals.ts'
import { keepHeartbeats } from './node/heartbeat-stream.ts'
import { hostGoesDown } from './node/host-shutdown.ts'
import { keepRoom, type RoomKeeper } from './node/keep-room.ts'
import { kubeletConfiguration } from './node/kubelet-configuration.ts'
import { type MasterContact, untilMasterAnswers } from './node/master-contact.ts'
import { keepNodeLease } from './node/node-lease.ts'
import { NodeReporter } from './node/node-reporter.ts'
import type { NodeSettings } from './node/node-settings.ts'
import { PodRoutes } from './node/pod-routes.ts'
import { LastAnswers } from './objects/last-answers.ts'
import { ReferencedObjects } from './objects/referenced-objects.ts'
import { type AgentView, createPodTools } from './pods/create-pod-tools.ts'
import { MirrorPods } from './pods/mirror-pods.ts'
import { PodWorkers } from './pods/pod-workers.ts'
import { StaticPods } from './pods/static-pods.ts'
import type { ProgrammedEndpoints } from './proxy/programmed-endpoints.ts'
import type { ContainerRuntime, ImageService, PodCgroups, PodNetwork, RuntimeInfo } from './runtime/runtime.ts'
import { AgentMeters } from './stats/agent-meters.ts'
import { AgentStats } from './stats/agent-stats.ts'
import type { EngineUsage } from './stats/engine-usage.ts'
import { measuredRuntime } from './stats/measured-runtime.ts'
import { ResourceUsage } from './stats/resource-usage.ts'
import { LocalDirectories, volumeAnnotations } from './volumes/local-directories.ts'

export interface NetworkRanges {
  readonly clusterCidr: string
  readonly serviceCidr: string
  readonly dnsIp: string
  readonly clusterDomain: string
}

export interface RunAgentOptions {
  readonly client: ApiClient
  readonly runtime: ContainerRuntime
  readonly images: ImageService
  readonly network: PodNetwork
  readonly cgroups: PodCgroups
  readonly engineUsage?: EngineUsage
  readonly ranges: NetworkRanges
  readonly nodeName: string
  readonly nodeIp: string
  readonly agentPort: number
  readonly identity: string
  readonly clusterId: string
  readonly dataDir: string
  /** Volumes with Secrets in them are kept off the disk: takes a mount. */
  readonly secretsInMemory: boolean
  readonly labels: Readonly<Record<string, string>>
  readonly maxPods: number
  readonly settings: NodeSettings
  /** What is known of the API is kept there. */
  readonly checkpoint: Checkpoint
  /** All of the cluster; started once the master knows this one. */
  readonly nodes: Informer<Node>
  readonly contact: MasterContact
  readonly endpoints: ProgrammedEndpoints
  /** The master is reached, for the first time or again: by then this host may have another address. */
  readonly onConnected: () => void
  /** The Node was deleted by somebody: this host is to leave the cluster. */
  readonly onDeleted: () => void
  /** Asked when the agent is to end. */
  readonly hostGoesDown?: () => Promise<boolean>
  readonly now: () => Date
  readonly random: () => number
  readonly logger: Log
  readonly signal: AbortSignal
}

export interface RunningAgent {
  readonly pods: PodWorkers
  /** Every pod that is bound to this node, as the API has it. */
  readonly podList: () => readonly Pod[]
  readonly nodeName: string
  /** What this host and its pods use. */
  readonly stats: AgentStats
  readonly meters: AgentMeters
  readonly deletedLogs: DeletedLogs
  /** As the kubelet's configuration calls it. */
  readonly configuration: object
  readonly showsHostLogs: boolean
  /** Resolves after the signal, when nothing of the agent runs any more. Containers go on. */
  readonly stopped: Promise<void>
}

export const CHECKPOINTED_PODS = 'pods'
const NO_CONDITIONS: ReadonlySet<PressureCondition> = new Set()

/**
 * The agent proper: registers the node, then runs the pods that are bound to it, until the signal. If the host goes down with
 * it, its pods are stopped first. While the master is away, it registers as soon as that is back, and runs the pods that an
 * earlier agent has kept in the checkpoint.
 */
export async function runAgent(asked: RunAgentOptions): Promise<RunningAgent> {
  let rest: (() => Promise<void>) | undefined
  const signal = afterRest(asked, () => rest)
  const meters = new AgentMeters()
  const options = { ...asked, runtime: measuredRuntime(asked.runtime, meters), signal }
  const { client, contact, dataDir, nodeName, nodes, logger } = options
  const info = await options.runtime.info()
  const { pods, services } = informersOf(options)
  let workers: PodWorkers | undefined
  let room: RoomKeeper | undefined
  const view: AgentView = {
    node: () => nodes.get(nodeName),
    pods: () => workers?.list() ?? [],
    observed: () => workers?.observed() ?? [],
    services: () => services.list(),
    pressures: () => room?.manager.conditions ?? NO_CONDITIONS,
  }
  const { pressures } = view
  const annotations = await volumeAnnotations(dataDir)
  const reporter = new NodeReporter({ ...options, name: nodeName, annotations, pressures })
  meters.watchStarts(pods, options.now)
  watchOwnNode(options, reporter)
  const answers = new LastAnswers({ checkpoint: options.checkpoint, isAway: () => contact.isAway })
  await answers.restore()

  const isAlone = contact.isAway
  const registered = register(options, reporter, info)
  const following = registered.then(async (node) => {
    for (const informer of [nodes, pods, services]) informer.start()
    void leaveIfMissing(options)
    await Promise.all([reporter.run(), ...beat(options, node, reporter)])
  })
  following.catch(() => undefined)
  if (isAlone) await Promise.all([nodes, pods, services].map((informer) => informer.restore()))
  else await registered
  // From here on everything listens to the signal, which tells nobody who comes too late.
  signal.throwIfAborted()
  watchEngine(options, reporter)
  await podRoutes(options, reporter).configure()
  await services.synced
  signal.throwIfAborted()

  const objects = new ReferencedObjects({ client, answers, logger, onChange: (uid) => workers?.configChanged(uid) })
  signal.addEventListener('abort', () => objects.close(), { once: true })
  const directories = new LocalDirectories({ ...options, answers })
  const tools = await createPodTools({ options, info, view, objects, answers, directories, reporter, meters })
  const { volumes, deletedLogs, logLinks } = tools
  const statics = new StaticPods({ directory: join(dataDir, 'manifests'), nodeName, logger, signal })
  const mirrors = new MirrorPods({ client, node: view.node, logger, signal })
  const running = new PodWorkers({ tools, pods, objects, answers, statics, mirrors, random: options.random, signal })
  workers = running
  if (options.secretsInMemory) await volumes.prepare()
  await running.start()
  // After the workers have compared what is here with the API's own list.
  const isHere = (uid: string) => running.worker(uid) !== undefined
  const tidying = pods.current
    .then(() => answers.releaseOthers(isHere))
    .then(() => Promise.all([volumes.removeOthers(isHere), options.cgroups.removeOthers(isHere)]))
    .catch((error: unknown) => signal.aborted || logger.warn({ err: error }, 'what pods left here was not removed'))
  if (!isAlone) await tidying
  rest = async () => {
    reporter.problem('shutdown', 'node is shutting down')
    await running.rest()
  }
  logger.info({ node: nodeName }, 'agent started')

  const usage = new ResourceUsage({ pods: view.observed, now: options.now })
  room = keepRoom({ ...options, info, usage, volumes, reporter, workers: running, deletedLogs })
  const work = [following, directories.run(signal), deletedLogs.run(signal), room.run(), logLinks.prune()]
  const stopped = stop(signal, running, work)
  const stats = new AgentStats({
    ...options,
    ...view,
    info,
    usage,
    mounted: (uid) => volumes.mounted(uid),
    imageBytes: async () => (await options.images.list()).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  })
  const configuration = kubeletConfiguration(options, info)
  const { showsHostLogs } = options.settings
  return { pods: running, podList: view.pods, nodeName, stats, meters, deletedLogs, configuration, showsHostLogs, stopped }
}

/** Aborted with the asked one, but where the host goes down with the agent only when what runs has come to rest. */
function afterRest(asked: RunAgentOptions, rest: () => (() => Promise<void>) | undefined): AbortSignal {
  const { signal, nodeName, logger, hostGoesDown: ask = hostGoesDown } = asked
  const end = new AbortController()
  const endAll = async () => {
    const restAll = rest()
    if (restAll !== undefined && (await ask())) {
      logger.info({ node: nodeName }, 'host goes down, stopping its pods')
      await restAll()
    }
    end.abort()
  }
  if (signal.aborted) end.abort()
  signal.addEventListener('abort', () => void endAll(), { once: true })
  return end.signal
}

async function stop(signal: AbortSignal, workers: PodWorkers, work: readonly Promise<void>[]): Promise<void> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
  await workers.stopped()
  await Promise.all(work)
}

/** What an agent alone knows of the API, and keeps. */
function informersOf({ client, nodeName, checkpoint, logger, signal }: RunAgentOptions) {
  const common = { logger, signal }
  const pods = snapshotIn<Pod>(checkpoint, CHECKPOINTED_PODS)
  const services = snapshotIn<Service>(checkpoint, 'services')
  return {
    pods: createInformer<Pod>(client, PODS, { ...common, snapshot: pods, fieldSelector: `spec.nodeName=${nodeName}` }),
    services: createInformer<Service>(client, SERVICES, { ...common, snapshot: services }),
  }
}

/** What the API shows of this node, as long as this attempt lasts: the list of nodes goes on for the next one. */
function watchOwnNode(options: RunAgentOptions, reporter: NodeReporter): void {
  const { nodes, nodeName, signal } = options
  const stopWatching = nodes.onChange(({ type, object }) => {
    if (object.metadata.name !== nodeName) return
    if (type === 'deleted') void leaveIfDeleted(options)
    else reporter.compare(object)
  })
  signal.addEventListener('abort', stopWatching, { once: true })
}

/**
 * Once the master has answered. A node that was deleted while this agent knew it and did without the master isn't made anew: as
 * for an agent that sees it being deleted, this host has left the cluster.
 */
async function register(options: RunAgentOptions, reporter: NodeReporter, info: RuntimeInfo): Promise<Node> {
  const { contact, signal } = options
  const wasAlone = contact.isAway
  await contact.made
  if (wasAlone) await leaveIfDeleted(options)
  signal.throwIfAborted()
  if (!wasAlone) return await reporter.register(info)
  return await untilMasterAnswers(() => reporter.register(info), options)
}

function beat(options: RunAgentOptions, node: Node, reporter: NodeReporter): Promise<void>[] {
  const { endpoints, nodeName } = options
  const heartbeats = keepHeartbeats({
    ...options,
    node: nodeName,
    endpointsRevision: () => endpoints.revision,
    onConnected: ({ silence }) => {
      if (silence) options.client.reconnect()
      reporter.writeAgain()
      options.onConnected()
    },
    onRevision: (listener) => endpoints.onChange(listener),
  })
  return [heartbeats, keepNodeLease({ ...options, node })]
}

/** One that was deleted before the first list of nodes is never told as deleted. */
async function leaveIfMissing(options: RunAgentOptions): Promise<void> {
  const { nodes, nodeName, signal } = options
  await nodes.current.catch(() => undefined)
  if (!signal.aborted && nodes.get(nodeName) === undefined) await leaveIfDeleted(options)
}

/** Somebody deleted the Node: the host is no longer part of the cluster, unless it has registered anew meanwhile. */
async function leaveIfDeleted({ client, nodeName, onDeleted, logger }: RunAgentOptions): Promise<void> {
  try {
    await client.get<Node>(NODES, { name: nodeName })
  } catch (error) {
    if (isNotFound(error)) onDeleted()
    else logger.warn({ err: error }, 'it is not known whether this node was deleted')
  }
}

function podRoutes(options: RunAgentOptions, reporter: NodeReporter): PodRoutes {
  const { clusterCidr, serviceCidr } = options.ranges
  return new PodRoutes({
    ...options,
    node: options.nodeName,
    clusterCidr,
    serviceCidr,
    onProblem: (message) => reporter.problem('network', message),
  })
}

/** A node whose engine doesn't answer says so at once. */
function watchEngine({ runtime, signal }: RunAgentOptions, reporter: NodeReporter): void {
  runtime.watch((event) => {
    if (event.type !== 'engine') return
    reporter.problem('engine', event.available ? undefined : `container runtime is down: ${event.message}`)
  }, signal)
}

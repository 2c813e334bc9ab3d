import { join } from 'node:path'
import { isNotFound, NODES, type Node, PODS, type Pod, SERVICES, type Service } from '@skiff/api'
import { type ApiClient, createEventRecorder, createInformer, type Log } from '@skiff/client'
import { DeletedLogs } from './deleted-logs/deleted-logs.ts'
import type { PressureCondition } from './eviction/signals.ts'
import { keepHeartbeats } from './node/heartbeat-stream.ts'
import { hostGoesDown } from './node/host-shutdown.ts'
import { keepRoom, type RoomKeeper } from './node/keep-room.ts'
import { kubeletConfiguration } from './node/kubelet-configuration.ts'
import { machineFacts } from './node/machine-facts.ts'
import { keepNodeLease } from './node/node-lease.ts'
import { NodeReporter } from './node/node-reporter.ts'
import type { NodeSettings } from './node/node-settings.ts'
import { PodRoutes } from './node/pod-routes.ts'
import { ReferencedObjects } from './objects/referenced-objects.ts'
import { MirrorPods } from './pods/mirror-pods.ts'
import { NodeAdmission } from './pods/node-admission.ts'
import { NodeDevices } from './pods/node-devices.ts'
import { fieldPathOf } from './pods/plan-end.ts'
import type { PodTools, SayEvent } from './pods/pod-tools.ts'
import { PodWorkers } from './pods/pod-workers.ts'
import { runtimeHandlers } from './pods/runtime-handlers.ts'
import { StaticPods } from './pods/static-pods.ts'
import type { ProgrammedEndpoints } from './proxy/programmed-endpoints.ts'
import type { ContainerRuntime, ImageService, PodContainers, PodNetwork, RuntimeInfo } from './runtime/runtime.ts'
import { Semaphore } from './semaphore.ts'
import { AgentMeters } from './stats/agent-meters.ts'
import { AgentStats } from './stats/agent-stats.ts'
import { measuredRuntime } from './stats/measured-runtime.ts'
import { ResourceUsage } from './stats/resource-usage.ts'
import { ImageVolumes } from './volumes/image-volumes.ts'
import { LocalDirectories, volumeAnnotations } from './volumes/local-directories.ts'
import { PodVolumes } from './volumes/pod-volumes.ts'
import { ServiceAccountTokens } from './volumes/service-account-tokens.ts'
import { VolumeClaims } from './volumes/volume-claims.ts'

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
  /** Resolves after the signal, when nothing of the agent runs any more. Containers go on. */
  readonly stopped: Promise<void>
}

const EXEC_PROBE_SLOTS = 4
const NO_CONDITIONS: ReadonlySet<PressureCondition> = new Set()

/**
 * The agent proper: registers the node, then runs the pods that are bound to it, until the signal. If the host goes down with
 * it, its pods are stopped first.
 */
export async function runAgent(asked: RunAgentOptions): Promise<RunningAgent> {
  const end = new AbortController()
  let rest: (() => Promise<void>) | undefined
  const endAll = async () => {
    const { hostGoesDown: ask = hostGoesDown, logger } = asked
    if (rest !== undefined && (await ask())) {
      logger.info({ node: asked.nodeName }, 'host goes down, stopping its pods')
      await rest()
    }
    end.abort()
  }
  if (asked.signal.aborted) end.abort()
  asked.signal.addEventListener('abort', () => void endAll(), { once: true })
  const meters = new AgentMeters()
  const options = { ...asked, runtime: measuredRuntime(asked.runtime, meters), signal: end.signal }
  const { client, nodeName, logger, signal } = options
  const info = await options.runtime.info()
  let room: RoomKeeper | undefined
  const pressures = () => room?.manager.conditions ?? NO_CONDITIONS
  const annotations = await volumeAnnotations(options.dataDir)
  const reporter = new NodeReporter({ ...options, name: nodeName, annotations, pressures })
  const node = await reporter.register(info)
  // From here on everything listens to the signal, which tells nobody who comes too late.
  signal.throwIfAborted()
  const routes = podRoutes(options, reporter)
  const pods = createInformer<Pod>(client, PODS, { fieldSelector: `spec.nodeName=${nodeName}`, logger, signal })
  meters.watchStarts(pods, options.now)
  const services = createInformer<Service>(client, SERVICES, { logger, signal })
  const reporting = reporter.run()
  routes.nodes.onChange(({ type, object }) => {
    if (object.metadata.name !== nodeName) return
    if (type === 'deleted') void leaveIfDeleted(options)
    else reporter.compare(object)
  })
  const beating = beat(options, node, reporter)
  pods.start()
  services.start()
  watchEngine(options, reporter)
  await routes.configure()
  await services.synced
  signal.throwIfAborted()

  let workers: PodWorkers | undefined
  const objects = new ReferencedObjects({ client, logger, onChange: (uid) => workers?.configChanged(uid) })
  signal.addEventListener('abort', () => objects.close(), { once: true })
  const directories = new LocalDirectories(options)
  const shownNode = () => routes.nodes.get(nodeName)
  const podList = () => workers?.list() ?? []
  const tools = await podTools({
    options,
    info,
    objects,
    directories,
    reporter,
    services: () => services.list(),
    podList,
    observed: () => workers?.observed() ?? [],
    node: shownNode,
    pressures,
    meters,
  })
  const statics = new StaticPods({ directory: join(options.dataDir, 'manifests'), nodeName, logger, signal })
  const mirrors = new MirrorPods({ client, node: shownNode, logger, signal })
  workers = new PodWorkers({ tools, pods, objects, statics, mirrors, random: options.random, signal })
  if (options.secretsInMemory) await tools.volumes.prepare()
  await workers.start()
  const running = workers
  await tools.volumes
    .removeOthers((uid) => running.worker(uid) !== undefined)
    .catch((error: unknown) => logger.warn({ err: error }, 'what pods left here was not removed'))
  rest = async () => {
    reporter.problem('shutdown', 'node is shutting down')
    await running.rest()
  }
  logger.info({ node: nodeName }, 'agent started')
  const usage = new ResourceUsage({ pods: () => running.observed(), now: options.now })
  room = keepRoom({ ...options, info, usage, volumes: tools.volumes, reporter, workers })
  const { deletedLogs } = tools
  const stopped = stop(signal, workers, [reporting, ...beating, directories.run(signal), deletedLogs.run(signal), room.run()])
  const stats = new AgentStats({
    ...options,
    info,
    usage,
    pods: podList,
    observed: () => running.observed(),
    mounted: (uid) => tools.volumes.mounted(uid),
    imageBytes: async () => (await options.images.list()).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  })
  const configuration = kubeletConfiguration(options, info)
  return { pods: workers, podList, nodeName, stats, meters, deletedLogs, configuration, stopped }
}

async function stop(signal: AbortSignal, workers: PodWorkers, work: readonly Promise<void>[]): Promise<void> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
  await workers.stopped()
  await Promise.all(work)
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

interface ToolParts {
  readonly options: RunAgentOptions
  readonly info: RuntimeInfo
  readonly objects: ReferencedObjects
  readonly directories: LocalDirectories
  readonly reporter: NodeReporter
  readonly services: () => readonly Service[]
  readonly podList: () => readonly Pod[]
  readonly observed: () => readonly PodContainers[]
  readonly node: () => Node | undefined
  readonly pressures: () => ReadonlySet<PressureCondition>
  readonly meters: AgentMeters
}

async function podTools({
  options,
  info,
  objects,
  directories,
  reporter,
  services,
  podList,
  observed,
  node,
  pressures,
  meters,
}: ToolParts): Promise<PodTools> {
  const { client, signal, runtime, images, network, now, logger, nodeName, nodeIp, clusterId, dataDir, ranges } = options
  const tokens = new ServiceAccountTokens({ client, now })
  const dns = { nameserver: ranges.dnsIp, domain: ranges.clusterDomain }
  const say = podEvents(options)
  return {
    client,
    runtime,
    images,
    network,
    admission: new NodeAdmission({
      client,
      nodeName,
      node,
      pods: podList,
      appArmor: info.appArmor,
      pressures,
    }),
    tokens,
    volumes: new PodVolumes({
      dataDir,
      warn: (pod, reason, message) => say(pod, 'Warning', reason, message),
      config: objects,
      tokens,
      claims: new VolumeClaims({ client, node }),
      imageVolumes: new ImageVolumes({ images, runtime, config: objects, dataDir, say, signal }),
      directories,
      dns,
      recursiveReadOnly: info.recursiveReadOnly,
    }),
    devices: new NodeDevices({ devices: options.settings.devices, gpus: await gpusOf(info), pods: podList, observed }),
    config: objects,
    services,
    say,
    node: { name: nodeName, ip: nodeIp, memoryBytes: info.memoryBytes, allocatable: await reporter.allocatable(info) },
    ownership: { cluster: clusterId, node: nodeName },
    dns,
    seccompDirectory: join(dataDir, 'seccomp'),
    runtimeHandler: runtimeHandlers(client),
    execSlots: new Semaphore(EXEC_PROBE_SLOTS),
    deletedLogs: new DeletedLogs({ dataDir, now, logger }),
    meters,
    now,
    logger,
  }
}

async function gpusOf({ nvidia, dataRoot }: RuntimeInfo): Promise<readonly string[]> {
  return nvidia ? (await machineFacts(dataRoot)).gpus : []
}

function podEvents({ client, nodeName, now, random, logger }: RunAgentOptions): SayEvent {
  const recorder = createEventRecorder({ client, component: 'kubelet', host: nodeName, clock: now, random, logger })
  return (pod, type, reason, message, container) => {
    const fieldPath = container === undefined ? undefined : fieldPathOf(pod, container)
    const subject = { apiVersion: 'v1', kind: 'Pod', metadata: pod.metadata, ...(fieldPath ? { fieldPath } : {}) }
    recorder.event(subject, type, reason, message)
  }
}

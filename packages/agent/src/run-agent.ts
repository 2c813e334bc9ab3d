import { join } from 'node:path'
import { isNotFound, NODES, type Node, PODS, type Pod, SERVICES, type Service } from '@skiff/api'
import { type ApiClient, createEventRecorder, createInformer, type Log } from '@skiff/client'
import { keepHeartbeats } from './node/heartbeat-stream.ts'
import { hostGoesDown } from './node/host-shutdown.ts'
import { keepNodeLease } from './node/node-lease.ts'
import { NodeReporter } from './node/node-reporter.ts'
import { PodRoutes } from './node/pod-routes.ts'
import { ReferencedObjects } from './objects/referenced-objects.ts'
import { limitLocalStorage } from './pods/limit-local-storage.ts'
import { MirrorPods } from './pods/mirror-pods.ts'
import { NodeAdmission } from './pods/node-admission.ts'
import { fieldPathOf } from './pods/plan-end.ts'
import type { PodTools, SayEvent } from './pods/pod-tools.ts'
import { PodWorkers } from './pods/pod-workers.ts'
import { runtimeHandlers } from './pods/runtime-handlers.ts'
import { StaticPods } from './pods/static-pods.ts'
import type { ProgrammedEndpoints } from './proxy/programmed-endpoints.ts'
import type { ContainerRuntime, ImageService, PodNetwork, RuntimeInfo } from './runtime/runtime.ts'
import { Semaphore } from './semaphore.ts'
import { limitEmptyDirs } from './volumes/limit-empty-dirs.ts'
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
  /** Resolves after the signal, when nothing of the agent runs any more. Containers go on. */
  readonly stopped: Promise<void>
}

const EXEC_PROBE_SLOTS = 4

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
  const options = { ...asked, signal: end.signal }
  const { client, nodeName, logger, signal } = options
  const info = await options.runtime.info()
  const reporter = new NodeReporter({ ...options, name: nodeName, annotations: await volumeAnnotations(options.dataDir) })
  const node = await reporter.register(info)
  // From here on everything listens to the signal, which tells nobody who comes too late.
  signal.throwIfAborted()
  const routes = podRoutes(options, reporter)
  const pods = createInformer<Pod>(client, PODS, { fieldSelector: `spec.nodeName=${nodeName}`, logger, signal })
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
    node: shownNode,
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
  const evict = (pod: Pod, message: string) => running.worker(pod.metadata.uid)?.evict(message)
  const limited = { runtime: options.runtime, dataDir: options.dataDir, pods: podList, evict, signal }
  const limiting = [limitEmptyDirs(limited), limitLocalStorage(limited)]
  const stopped = stop(signal, workers, [reporting, ...beating, directories.run(signal), ...limiting])
  return { pods: workers, podList, stopped }
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
  readonly node: () => Node | undefined
}

async function podTools({
  options,
  info,
  objects,
  directories,
  reporter,
  services,
  podList,
  node,
}: ToolParts): Promise<PodTools> {
  const { client, runtime, images, network, now, logger, nodeName, nodeIp, clusterId, dataDir, ranges } = options
  const tokens = new ServiceAccountTokens({ client, now })
  const dns = { nameserver: ranges.dnsIp, domain: ranges.clusterDomain }
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
    }),
    tokens,
    volumes: new PodVolumes({
      dataDir,
      config: objects,
      tokens,
      claims: new VolumeClaims({ client, node }),
      directories,
      dns,
      recursiveReadOnly: info.recursiveReadOnly,
    }),
    config: objects,
    services,
    say: podEvents(options),
    node: { name: nodeName, ip: nodeIp, memoryBytes: info.memoryBytes, allocatable: await reporter.allocatable(info) },
    ownership: { cluster: clusterId, node: nodeName },
    dns,
    seccompDirectory: join(dataDir, 'seccomp'),
    runtimeHandler: runtimeHandlers(client),
    execSlots: new Semaphore(EXEC_PROBE_SLOTS),
    now,
    logger,
  }
}

function podEvents({ client, nodeName, now, random, logger }: RunAgentOptions): SayEvent {
  const recorder = createEventRecorder({ client, component: 'kubelet', host: nodeName, clock: now, random, logger })
  return (pod, type, reason, message, container) => {
    const fieldPath = container === undefined ? undefined : fieldPathOf(pod, container)
    const subject = { apiVersion: 'v1', kind: 'Pod', metadata: pod.metadata, ...(fieldPath ? { fieldPath } : {}) }
    recorder.event(subject, type, reason, message)
  }
}

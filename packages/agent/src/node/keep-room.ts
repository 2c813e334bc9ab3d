import { NODES, type Node, type Pod, podIsTerminal } from '@skiff/api'
import { type ApiClient, createEventRecorder, type Log } from '@skiff/client'
import type { DeletedLogs } from '../deleted-logs/deleted-logs.ts'
import { EvictionManager } from '../eviction/eviction-manager.ts'
import { ImageCollector } from '../images/image-collector.ts'
import { limitLocalStorage } from '../pods/limit-local-storage.ts'
import type { PodWorkers } from '../pods/pod-workers.ts'
import type { ContainerRuntime, ImageService, RuntimeInfo } from '../runtime/runtime.ts'
import { readFsUsage } from '../stats/host-usage.ts'
import type { ResourceUsage } from '../stats/resource-usage.ts'
import { limitEmptyDirs } from '../volumes/limit-empty-dirs.ts'
import type { PodVolumes } from '../volumes/pod-volumes.ts'
import type { NodeReporter } from './node-reporter.ts'
import type { NodeSettings } from './node-settings.ts'

export interface RoomOptions {
  readonly client: ApiClient
  readonly runtime: ContainerRuntime
  readonly images: ImageService
  readonly info: RuntimeInfo
  readonly settings: NodeSettings
  readonly nodeName: string
  readonly dataDir: string
  readonly usage: ResourceUsage
  readonly volumes: PodVolumes
  readonly reporter: NodeReporter
  readonly workers: PodWorkers
  readonly deletedLogs: DeletedLogs
  readonly now: () => Date
  readonly random: () => number
  readonly logger: Log
  readonly signal: AbortSignal
}

/** Everything that keeps this host from running full: pods that write beyond their limits, images, pressure. */
export interface RoomKeeper {
  readonly manager: EvictionManager
  /** Until the signal. */
  run(): Promise<void>
}

export function keepRoom(options: RoomOptions): RoomKeeper {
  const { settings, info, workers, volumes, reporter, runtime, dataDir, deletedLogs } = options
  const say = nodeEvents(options)
  const collector = new ImageCollector({
    ...options,
    policy: settings.imageGc,
    disk: () => readFsUsage(info.dataRoot),
    say,
  })
  const pods = () => workers.list()
  const manager = new EvictionManager({
    ...options,
    ...settings.eviction,
    runtime,
    dataRoot: info.dataRoot,
    pods,
    observed: () => workers.observed(),
    mounted: (uid) => volumes.mounted(uid),
    evict: (pod, message, graceSeconds) => workers.worker(pod.metadata.uid)?.evict(message, { graceSeconds, disrupts: true }),
    freeDisk: [
      () => deletedLogs.drop(),
      // Their logs would be kept.
      () => removeDeadContainers(pods(), workers).then(() => deletedLogs.drop()),
      () => collector.removeUnused(),
    ],
    onChange: () => reporter.wake(),
    say,
  })
  const evict = (pod: Pod, message: string) => workers.worker(pod.metadata.uid)?.evict(message)
  const limited = { runtime, dataDir, pods, evict, signal: options.signal }
  const run = async () => {
    await Promise.all([limitEmptyDirs(limited), limitLocalStorage(limited), manager.run(), collector.run()])
  }
  return { manager, run }
}

async function removeDeadContainers(pods: readonly Pod[], workers: PodWorkers): Promise<void> {
  const ended = pods.filter((pod) => podIsTerminal(pod) && !pod.metadata.deletionTimestamp)
  await Promise.all(ended.map((pod) => workers.worker(pod.metadata.uid)?.reclaim()))
}

/** Says things about this node. Its events have the node's name for a uid, as the kubelet's do. */
function nodeEvents({ client, nodeName, now, random, logger }: RoomOptions) {
  const recorder = createEventRecorder({ client, component: 'kubelet', host: nodeName, clock: now, random, logger })
  const metadata: Pick<Node['metadata'], 'name' | 'uid'> = { name: nodeName, uid: nodeName }
  return (type: 'Normal' | 'Warning', reason: string, message: string) =>
    recorder.event({ apiVersion: 'v1', kind: NODES.kind, metadata }, type, reason, message)
}

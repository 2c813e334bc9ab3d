import { type Pod, podClaims, podIsTerminal } from '@skiff/api'
import type { PodContainers, RuntimeInfo } from '../runtime/runtime.ts'
import { Semaphore } from '../semaphore.ts'
import { CpuRates, type CpuTime } from './cpu-rates.ts'
import { type FsUsage, type HostUsage, readFsUsage, readHostUsage } from './host-usage.ts'
import { defaultInterface, type InterfaceUsage, readInterfaces } from './network-usage.ts'
import { type OwnUsage, readOwnUsage } from './own-usage.ts'
import { type PodDisk, type PodDiskOptions, readPodDisk, type VolumeDisk } from './pod-disk.ts'
import type { PodUsage, ResourceUsage } from './resource-usage.ts'

export interface AgentStatsOptions extends PodDiskOptions {
  readonly nodeName: string
  readonly info: RuntimeInfo
  readonly dataDir: string
  readonly usage: ResourceUsage
  readonly pods: () => readonly Pod[]
  readonly observed: () => readonly PodContainers[]
  readonly imageBytes: () => Promise<number>
  readonly now: () => Date
  readonly signal: AbortSignal
}

/** Everything that is told of this node at one moment. */
export interface NodeSnapshot {
  readonly nodeName: string
  readonly at: Date
  readonly bootedAt: Date
  readonly host: HostUsage
  readonly cpus: number
  /** Processor use of the host. Absent: not asked for. */
  readonly hostNanoCores?: number
  /** This process. */
  readonly own: OwnUsage
  readonly ownNanoCores?: number
  readonly interfaces: readonly InterfaceUsage[]
  readonly defaultInterface: string | undefined
  readonly pods: readonly PodSnapshot[]
  /** Absent: not asked for. */
  readonly disk?: NodeDisk
}

export interface PodSnapshot {
  readonly pod: Pod
  readonly usage: PodUsage
  /** By container id. */
  readonly nanoCores: ReadonlyMap<string, number>
  /** The pod's whole, its sandbox included. */
  readonly totalNanoCores: number
  readonly startedAt: Date
  readonly disk?: PodDisk
}

export interface NodeDisk {
  /** Of the agent's directories. */
  readonly root: FsUsage | undefined
  /** Of the engine's; what is used is what the images take. */
  readonly images: FsUsage | undefined
}

export interface Wanted {
  readonly rates?: boolean
  readonly disk?: boolean
}

const HOST = 'host'
const OWN = 'own'
/** As long as the kubelet keeps what it found out about volumes. */
const DISK_KEPT_MS = 60_000
const WALKS_AT_ONCE = 2

/** Looks at the node when somebody asks, and only as far as they ask. */
export class AgentStats {
  readonly #options: AgentStatsOptions
  readonly #rates: CpuRates
  readonly #walks = new Semaphore(WALKS_AT_ONCE)
  readonly #disks = new Map<string, { readonly at: number; readonly disk: Promise<PodDisk> }>()

  constructor(options: AgentStatsOptions) {
    this.#options = options
    const { usage, now, signal } = options
    this.#rates = new CpuRates({ read: () => new Map([...usage.cpuTimes(), [HOST, hostTime()], [OWN, ownTime()]]), now, signal })
  }

  async snapshot(wanted: Wanted): Promise<NodeSnapshot> {
    const { nodeName, info, usage, now } = this.#options
    const rates = wanted.rates ? await this.#rates.rates() : new Map<string, number>()
    const host = usage.node()
    const podUsages = new Map(usage.pods().map((each) => [each.pod.uid, each]))
    const found = this.#options.pods().flatMap((pod) => {
      const ofPod = podUsages.get(pod.metadata.uid)
      return ofPod === undefined ? [] : [podSnapshot(pod, ofPod, rates)]
    })
    const [hostNanoCores, ownNanoCores] = [rates.get(HOST), rates.get(OWN)]
    return {
      nodeName,
      at: now(),
      bootedAt: new Date(now().getTime() - host.uptimeSeconds * 1000),
      host,
      cpus: info.cpus,
      ...(hostNanoCores === undefined ? {} : { hostNanoCores }),
      own: readOwnUsage(),
      ...(ownNanoCores === undefined ? {} : { ownNanoCores }),
      interfaces: readInterfaces('self'),
      defaultInterface: defaultInterface(),
      pods: wanted.disk ? await Promise.all(found.map((each) => this.#withDisk(each))) : found,
      ...(wanted.disk ? { disk: await this.#nodeDisk() } : {}),
    }
  }

  async #withDisk(snapshot: PodSnapshot): Promise<PodSnapshot> {
    return { ...snapshot, disk: await this.#diskOf(snapshot.pod) }
  }

  /** The volumes of claims that pods here use, as far as they were looked at for somebody lately, else now. */
  async claims(): Promise<readonly { readonly namespace: string; readonly volume: VolumeDisk }[]> {
    const pods = this.#options.pods().filter((pod) => podClaims(pod).length > 0 && !podIsTerminal(pod))
    const disks = await Promise.all(pods.map(async (pod) => ({ pod, disk: await this.#diskOf(pod) })))
    return disks.flatMap(({ pod, disk }) =>
      disk.volumes
        .filter(({ claim }) => claim !== undefined)
        .map((volume) => ({ namespace: pod.metadata.namespace ?? '', volume })),
    )
  }

  /** What was found out lately serves again: several askers cause one walk. */
  #diskOf(pod: Pod): Promise<PodDisk> {
    const at = this.#options.now().getTime()
    for (const [uid, kept] of this.#disks) if (at - kept.at > DISK_KEPT_MS) this.#disks.delete(uid)
    const { uid } = pod.metadata
    const known = this.#disks.get(uid)
    if (known !== undefined) return known.disk
    const observed = this.#options.observed().find((each) => each.pod.uid === uid)
    const nothing = { pod: { namespace: '', name: '', uid }, sandboxes: [], containers: [] }
    const disk = this.#walks.run(() => readPodDisk(pod, observed ?? nothing, this.#options))
    this.#disks.set(uid, { at, disk })
    disk.catch(() => this.#disks.delete(uid))
    return disk
  }

  async #nodeDisk(): Promise<NodeDisk> {
    const { dataDir, info, imageBytes } = this.#options
    const [root, engine] = await Promise.all([readFsUsage(dataDir), readFsUsage(info.dataRoot)])
    return { root, images: engine && { ...engine, usedBytes: await imageBytes().catch(() => 0) } }
  }
}

function hostTime(): CpuTime {
  return { ns: readHostUsage().cpu.totalNs, since: new Date(0) }
}

function ownTime(): CpuTime {
  return { ns: readOwnUsage().cpu.totalNs, since: new Date(0) }
}

function podSnapshot(pod: Pod, usage: PodUsage, rates: ReadonlyMap<string, number>): PodSnapshot {
  const { sandbox } = usage
  const ids = [...usage.containers.map(({ state }) => state.id), ...(sandbox ? [sandbox.id] : [])]
  return {
    pod,
    usage,
    nanoCores: rates,
    totalNanoCores: ids.reduce((sum, id) => sum + (rates.get(id) ?? 0), 0),
    startedAt: sandbox?.startedAt ?? sandbox?.createdAt ?? usage.at,
  }
}

import { type Pod, podClaims, podIsTerminal } from '@skiff/api'
import type { PodContainers, RuntimeInfo } from '../runtime/runtime.ts'
import { Semaphore } from '../semaphore.ts'
import { CpuRates, type CpuTime } from './cpu-rates.ts'
import type { EngineUsage } from './engine-usage.ts'
import { type FsUsage, type HostUsage, readFsUsage, readHostUsage } from './host-usage.ts'
import { defaultInterface, type InterfaceUsage, readInterfaces } from './network-usage.ts'
import { readOwnUsage } from './own-usage.ts'
import { type PodDisk, type PodDiskOptions, readPodDisk, type VolumeDisk } from './pod-disk.ts'
import { type Pressures, readHostPressures } from './pressure.ts'
import type { ProcessUsage } from './process-usage.ts'
import type { PodUsage, ResourceUsage } from './resource-usage.ts'

export interface AgentStatsOptions extends PodDiskOptions {
  readonly nodeName: string
  readonly info: RuntimeInfo
  readonly dataDir: string
  readonly usage: ResourceUsage
  /** Absent: the engine has no processes of its own. */
  readonly engineUsage?: EngineUsage
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
  /** Absent: not asked for. */
  readonly hostPressures?: Pressures
  /** This process. */
  readonly own: ProcessUsage
  readonly ownNanoCores?: number
  /** The engine's own processes. Absent: not asked for, or they can't be seen from here. */
  readonly engine?: ProcessUsage
  readonly engineNanoCores?: number
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
  /** By container id. Absent: not asked for. */
  readonly pressures?: ReadonlyMap<string, Pressures>
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
  /** How fast processors are used, and by whom beside the pods. */
  readonly rates?: boolean
  readonly pressures?: boolean
  readonly disk?: boolean
}

const HOST = 'host'
const OWN = 'own'
const ENGINE = 'engine'
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
    const { now, signal } = options
    this.#rates = new CpuRates({ read: () => this.#cpuTimes(), now, signal })
  }

  async snapshot(wanted: Wanted): Promise<NodeSnapshot> {
    const { nodeName, info, usage, engineUsage, now } = this.#options
    if (wanted.rates) await engineUsage?.find()
    const rates = wanted.rates ? await this.#rates.rates() : new Map<string, number>()
    const host = usage.node()
    const podUsages = new Map(usage.pods().map((each) => [each.pod.uid, each]))
    const found = this.#options.pods().flatMap((pod) => {
      const ofPod = podUsages.get(pod.metadata.uid)
      if (ofPod === undefined) return []
      const snapshot = podSnapshot(pod, ofPod, rates)
      return [wanted.pressures ? { ...snapshot, pressures: this.#pressuresOf(ofPod) } : snapshot]
    })
    const [hostNanoCores, ownNanoCores, engineNanoCores] = [rates.get(HOST), rates.get(OWN), rates.get(ENGINE)]
    const engine = wanted.rates ? engineUsage?.read() : undefined
    return {
      nodeName,
      at: now(),
      bootedAt: new Date(now().getTime() - host.uptimeSeconds * 1000),
      host,
      cpus: info.cpus,
      ...(hostNanoCores === undefined ? {} : { hostNanoCores }),
      ...(wanted.pressures ? { hostPressures: readHostPressures() } : {}),
      own: readOwnUsage(),
      ...(ownNanoCores === undefined ? {} : { ownNanoCores }),
      ...(engine === undefined ? {} : { engine }),
      ...(engineNanoCores === undefined ? {} : { engineNanoCores }),
      interfaces: readInterfaces('self'),
      defaultInterface: defaultInterface(),
      pods: wanted.disk ? await Promise.all(found.map((each) => this.#withDisk(each))) : found,
      ...(wanted.disk ? { disk: await this.#nodeDisk() } : {}),
    }
  }

  #cpuTimes(): ReadonlyMap<string, CpuTime> {
    const { usage, engineUsage, now } = this.#options
    const engine = engineUsage?.read()
    const times = new Map([...usage.cpuTimes(), [HOST, hostTime()], [OWN, ownTime()]])
    if (engine === undefined) return times
    const since = new Date(now().getTime() - engine.uptimeSeconds * 1000)
    return times.set(ENGINE, { ns: engine.cpu.totalNs, since })
  }

  #pressuresOf({ containers }: PodUsage): ReadonlyMap<string, Pressures> {
    return new Map(containers.map(({ state }) => [state.id, this.#options.usage.pressures(state)]))
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

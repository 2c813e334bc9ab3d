import { setTimeout as delay } from 'node:timers/promises'
import { type Pod, podClaims, podIsTerminal } from '@skiff/api'
import type { PodContainers, RuntimeInfo } from '../runtime/runtime.ts'
import { Semaphore } from '../semaphore.ts'
import type { ContainerDetails } from './container-details.ts'
import { CpuRates, type CpuTime } from './cpu-rates.ts'
import type { EngineUsage } from './engine-usage.ts'
import { type FsUsage, type HostUsage, readFsUsage, readHostUsage } from './host-usage.ts'
import { defaultInterface, type InterfaceUsage, readInterfaces } from './network-usage.ts'
import { readOwnUsage } from './own-usage.ts'
import {
  type ContainerDisk,
  type PodDisk,
  type PodDiskOptions,
  readContainerDisk,
  readPodDisk,
  type VolumeDisk,
} from './pod-disk.ts'
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
  /** By container id. Absent: not asked for. */
  readonly details?: ReadonlyMap<string, ContainerDetails>
  /** By container id. Absent: not asked for. */
  readonly layers?: ReadonlyMap<string, ContainerDisk>
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
  /** Of each container: its limits, files, and what it reads and writes; and what it has written, which takes a walk. */
  readonly details?: boolean
  readonly disk?: boolean
}

interface Kept<T> {
  readonly at: number
  readonly found: Promise<T>
}

const HOST = 'host'
const OWN = 'own'
const ENGINE = 'engine'
/** As long as the kubelet keeps what it found out about volumes. */
const DISK_KEPT_MS = 60_000
const WALKS_AT_ONCE = 2
/** An engine that doesn't answer must not keep all other figures of containers from a scraper, who waits 10 s by default. */
const LAYER_WAIT_MS = 3_000

/** Looks at the node when somebody asks, and only as far as they ask. */
export class AgentStats {
  readonly #options: AgentStatsOptions
  readonly #rates: CpuRates
  readonly #walks = new Semaphore(WALKS_AT_ONCE)
  readonly #disks = new Map<string, Kept<PodDisk>>()
  readonly #layers = new Map<string, Kept<ContainerDisk>>()

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
      pods: await Promise.all(found.map((each) => this.#withMore(each, wanted))),
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

  #detailsOf({ containers }: PodUsage): ReadonlyMap<string, ContainerDetails> {
    return new Map(
      containers.flatMap(({ state }): [string, ContainerDetails][] => {
        const details = this.#options.usage.details(state)
        return details === undefined ? [] : [[state.id, details]]
      }),
    )
  }

  async #withMore(snapshot: PodSnapshot, { details, disk }: Wanted): Promise<PodSnapshot> {
    return {
      ...snapshot,
      ...(details ? { details: this.#detailsOf(snapshot.usage), layers: await this.#layersOf(snapshot.usage) } : {}),
      ...(disk ? { disk: await this.#diskOf(snapshot.pod) } : {}),
    }
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

  #diskOf(pod: Pod): Promise<PodDisk> {
    const { uid } = pod.metadata
    const nothing = { pod: { namespace: '', name: '', uid }, sandboxes: [], containers: [] }
    return this.#kept(this.#disks, uid, () => {
      const observed = this.#options.observed().find((each) => each.pod.uid === uid)
      return readPodDisk(pod, observed ?? nothing, this.#options)
    })
  }

  /** Without those that take too long; they are there for the next asker. */
  async #layersOf({ containers }: PodUsage): Promise<ReadonlyMap<string, ContainerDisk>> {
    const found = new Map<string, ContainerDisk>()
    const walks = containers.map(async ({ state }) => {
      found.set(state.id, await this.#kept(this.#layers, state.id, () => readContainerDisk(state, this.#options)))
    })
    await Promise.race([Promise.all(walks), delay(LAYER_WAIT_MS, undefined, { ref: false })])
    return new Map(found)
  }

  /** What was found out lately serves again: several askers cause one walk. */
  #kept<T>(known: Map<string, Kept<T>>, key: string, walk: () => Promise<T>): Promise<T> {
    const at = this.#options.now().getTime()
    for (const [each, kept] of known) if (at - kept.at > DISK_KEPT_MS) known.delete(each)
    const kept = known.get(key)
    if (kept !== undefined) return kept.found
    const found = this.#walks.run(walk)
    known.set(key, { at, found })
    found.catch(() => known.delete(key))
    return found
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

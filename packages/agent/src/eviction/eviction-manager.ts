import { setTimeout as delay } from 'node:timers/promises'
import { type Pod, podIsTerminal } from '@skiff/api'
import type { Log } from '@skiff/client'
import type { PodContainers } from '../runtime/runtime.ts'
import { type FsUsage, readFsUsage } from '../stats/host-usage.ts'
import { type PodDiskOptions, readPodDisk } from '../stats/pod-disk.ts'
import type { PodUsage, ResourceUsage } from '../stats/resource-usage.ts'
import { type ContainerUses, evictionMessage } from './eviction-message.ts'
import { isCritical } from './is-critical.ts'
import { judgePressure, NO_PRESSURE, type PressureState } from './judge-pressure.ts'
import { type PodUse, rankPods } from './rank-pods.ts'
import { conditionOf, type Observations, observe, type PressureCondition, resourceOf, type Signal } from './signals.ts'
import { isMet, type Threshold } from './thresholds.ts'

export interface EvictionSettings {
  readonly thresholds: readonly Threshold[]
  readonly transitionMs: number
  /** What a pod gets at most when a soft threshold is met. */
  readonly maxPodGraceSeconds: number
}

export interface EvictionOptions extends EvictionSettings, PodDiskOptions {
  readonly nodeName: string
  readonly usage: ResourceUsage
  readonly dataDir: string
  /** Where the engine keeps its data. */
  readonly dataRoot: string
  readonly pods: () => readonly Pod[]
  readonly observed: () => readonly PodContainers[]
  readonly evict: (pod: Pod, message: string, graceSeconds: number) => void
  /** Takes away what nothing that runs needs; the next only if that was not enough. */
  readonly freeDisk: readonly (() => Promise<unknown>)[]
  /** Other conditions than before. */
  readonly onChange: () => void
  /** Says something about this node. */
  readonly say: (type: 'Normal' | 'Warning', reason: string, message: string) => void
  readonly now: () => Date
  readonly logger: Log
  readonly signal: AbortSignal
}

/** As often as the kubelet looks. */
const PERIOD_MS = 10_000
/** At the agent's start what its pods use is not known yet: who goes is not chosen before, for so long at most. */
const SECOND_LOOK_MS = 1_000
const LONGEST_START_MS = 30_000
/** A pod that was told to go is waited for, before another has to. */
const LONGEST_END_MS = 30_000
const HARD_GRACE_SECONDS = 1
/** When it begins, when it is over. */
const CONDITION_EVENTS = {
  MemoryPressure: ['NodeHasInsufficientMemory', 'NodeHasSufficientMemory'],
  DiskPressure: ['NodeHasDiskPressure', 'NodeHasNoDiskPressure'],
  PIDPressure: ['NodeHasInsufficientPID', 'NodeHasSufficientPID'],
} as const
const CONDITIONS = ['MemoryPressure', 'DiskPressure', 'PIDPressure'] as const

/** Keeps the node from running out of memory, disk or process ids: says so in its conditions, makes room, and ends pods. */
export class EvictionManager {
  readonly #options: EvictionOptions
  #state: PressureState = NO_PRESSURE
  #conditions: ReadonlySet<PressureCondition> = new Set()
  #going: { readonly uid: string; readonly sinceMs: number } | undefined
  readonly #beganMs: number

  constructor(options: EvictionOptions) {
    this.#options = options
    this.#beganMs = options.now().getTime()
  }

  get conditions(): ReadonlySet<PressureCondition> {
    return this.#conditions
  }

  /** Until the signal. Soon again when it was too early to act. */
  async run(): Promise<void> {
    const { signal, logger } = this.#options
    let pauseMs = SECOND_LOOK_MS
    while (!signal.aborted) {
      await this.look().catch((error: unknown) => logger.warn({ err: error }, 'the room on this host was not looked at'))
      await delay(pauseMs, undefined, { signal }).catch(() => undefined)
      if (!this.#hasUnseenPods()) pauseMs = PERIOD_MS
    }
  }

  /** Looks once, and does what must be done. */
  async look(): Promise<void> {
    const { thresholds, transitionMs, now } = this.#options
    const observations = await this.#observe()
    const nowMs = now().getTime()
    const { state, conditions, act } = judgePressure({ thresholds, observations, state: this.#state, transitionMs, nowMs })
    this.#state = state
    this.#publish(conditions)
    if (act !== undefined && !this.#isWaiting(nowMs)) await this.#act(act, observations)
  }

  #publish(conditions: ReadonlySet<PressureCondition>): void {
    const { nodeName, logger, say, onChange } = this.#options
    const before = this.#conditions
    const changed = CONDITIONS.filter((condition) => before.has(condition) !== conditions.has(condition))
    this.#conditions = conditions
    if (changed.length === 0) return
    logger.info({ conditions: [...conditions] }, 'the pressure on this host changed')
    for (const condition of changed) {
      const reason = CONDITION_EVENTS[condition][conditions.has(condition) ? 0 : 1]
      say('Normal', reason, `Node ${nodeName} status is now: ${reason}`)
    }
    onChange()
  }

  async #observe(): Promise<Observations> {
    const { usage, dataDir, dataRoot } = this.#options
    const [node, images] = await Promise.all([readFsUsage(dataDir), readFsUsage(dataRoot)])
    return observe({ host: usage.node(), node, images })
  }

  #isWaiting(nowMs: number): boolean {
    if (nowMs - this.#beganMs < LONGEST_START_MS && this.#hasUnseenPods()) return true
    const going = this.#going
    if (going === undefined || nowMs - going.sinceMs > LONGEST_END_MS) return false
    return this.#options.pods().some((pod) => pod.metadata.uid === going.uid && !podIsTerminal(pod))
  }

  #hasUnseenPods(): boolean {
    const seen = new Set(this.#options.observed().map(({ pod }) => pod.uid))
    return this.#options.pods().some(({ metadata, status }) => status?.phase === 'Running' && !seen.has(metadata.uid))
  }

  /** One pod at most: the next look says whether that was enough. */
  async #act(threshold: Threshold, observations: Observations): Promise<void> {
    const { say, evict, now, maxPodGraceSeconds } = this.#options
    say('Warning', 'EvictionThresholdMet', `Attempting to reclaim ${resourceOf(threshold.signal)}`)
    if (conditionOf(threshold.signal) === 'DiskPressure' && (await this.#freedEnough(threshold))) return
    const [first] = rankPods(await this.#uses(threshold.signal, await this.#sharedDisk()), threshold.signal)
    if (first === undefined) return
    const message = evictionMessage(first.pod, { threshold, observations, uses: first.containers })
    const graceSeconds = threshold.graceMs === 0 ? HARD_GRACE_SECONDS : maxPodGraceSeconds
    this.#going = { uid: first.pod.metadata.uid, sinceMs: now().getTime() }
    evict(first.pod, message, graceSeconds)
  }

  async #freedEnough(threshold: Threshold): Promise<boolean> {
    for (const free of this.#options.freeDisk) {
      await free()
      if (!isMet(threshold, await this.#observe(), true)) return true
    }
    return false
  }

  /** Whether volumes and containers lie on one and the same file system, as they mostly do. */
  async #sharedDisk(): Promise<boolean> {
    const [node, images] = await Promise.all([readFsUsage(this.#options.dataDir), readFsUsage(this.#options.dataRoot)])
    return node === undefined || images === undefined || sameSize(node, images)
  }

  async #uses(signal: Signal, sharedDisk: boolean): Promise<readonly RankedPod[]> {
    const { usage, pods, observed } = this.#options
    const used = new Map(usage.pods().map((one) => [one.pod.uid, one]))
    const candidates = pods().filter((pod) => !podIsTerminal(pod) && !pod.metadata.deletionTimestamp && !isCritical(pod))
    const found: RankedPod[] = []
    for (const pod of candidates) {
      const ofPod = used.get(pod.metadata.uid)
      const containers = observed().find((one) => one.pod.uid === pod.metadata.uid)
      if (ofPod !== undefined && containers !== undefined)
        found.push(await this.#use(pod, ofPod, { signal, containers, sharedDisk }))
    }
    return found
  }

  /** The disk is looked at only where that is the question: it takes a walk. */
  async #use(pod: Pod, used: PodUsage, { signal, containers, sharedDisk }: DiskQuestion): Promise<RankedPod> {
    const { memory, processes } = used.usage
    const base = { pod, memoryBytes: memory.workingSetBytes, processes }
    const memoryOf = (name: string) => used.containers.find(({ state }) => state.name === name)?.usage.memory.workingSetBytes ?? 0
    if (conditionOf(signal) !== 'DiskPressure') {
      const uses = used.containers.map(({ state }) => [state.name, { memoryBytes: memoryOf(state.name), diskBytes: 0 }] as const)
      return { ...base, diskBytes: 0, inodes: 0, containers: new Map(uses) }
    }
    const disk = await readPodDisk(pod, containers, this.#options)
    const written = disk.containers.reduce((sum, { rootfsBytes, logs }) => sum + rootfsBytes + logs.bytes, 0)
    // What containers write, and their logs, lie with the engine; volumes with the agent.
    const diskBytes = sharedDisk ? disk.ephemeralBytes : signal.startsWith('imagefs') ? written : disk.ephemeralBytes - written
    const uses = disk.containers.map(
      ({ name, rootfsBytes, logs }) => [name, { memoryBytes: memoryOf(name), diskBytes: rootfsBytes + logs.bytes }] as const,
    )
    return { ...base, diskBytes, inodes: disk.ephemeralInodes, containers: new Map(uses) }
  }
}

interface RankedPod extends PodUse {
  readonly containers: ContainerUses
}

interface DiskQuestion {
  readonly signal: Signal
  readonly containers: PodContainers
  readonly sharedDisk: boolean
}

function sameSize(a: FsUsage, b: FsUsage): boolean {
  return a.capacityBytes === b.capacityBytes && a.availableBytes === b.availableBytes
}

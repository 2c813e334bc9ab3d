import { isDeepStrictEqual } from 'node:util'
import {
  claimIsBound,
  isConflict,
  isNotFound,
  isOfAnother,
  keyOf,
  NODES,
  type Node,
  type PersistentVolumeClaim,
  PODS,
  type Pod,
  podClaims,
  podIsTerminal,
  SERVICES,
  type Service,
  VOLUMES_CAPACITY,
  VOLUMES_DIRECTORY,
} from '@skiff/api'
import { type ApiClient, createEventRecorder, createInformer, type EventRecorder, type Informer } from '@skiff/client'
import type { Logger } from 'pino'
import { bindPod } from './bind-pod.ts'
import { ClusterState } from './cluster-state.ts'
import { FILTERS } from './filters/index.ts'
import type { PodInfo } from './pod-info.ts'
import { reportUnschedulable, unschedulableCondition } from './report-unschedulable.ts'
import { type Rejection, schedulePod } from './schedule-pod.ts'
import { SchedulingQueue } from './scheduling-queue.ts'
import { bindVolumes, VolumeBindError } from './volumes/bind-volumes.ts'
import { chooseVolumes, podVolumes, type VolumeChoice } from './volumes/pod-volumes.ts'
import { VolumeState } from './volumes/volume-state.ts'

export interface SchedulerOptions {
  readonly client: ApiClient
  readonly logger: Logger
  readonly clock: () => Date
  readonly random: () => number
  readonly signal: AbortSignal
}

/** Pods that name another scheduler are left to it. */
const SCHEDULER_NAME = 'default-scheduler'
/** Bindings under way at once: enough to hide their latency, few enough not to crowd out other requests. */
const MAX_BINDS_IN_FLIGHT = 64
/** The API server may share this thread: after so long it gets its turn. */
const TIME_SLICE_MS = 5

const FREED_BY_PODS = new Set(FILTERS.filter(({ freedByPods }) => freedByPods).map(({ name }) => name))

/** Gives every pod without a node one, until the signal aborts; `stopped` resolves after the last binding. */
export function startScheduler(options: SchedulerOptions): { readonly stopped: Promise<void> } {
  const scheduler = new Scheduler(options)
  return { stopped: scheduler.run() }
}

class Scheduler {
  readonly #client: ApiClient
  readonly #logger: Logger
  readonly #clock: () => Date
  readonly #signal: AbortSignal
  readonly #events: EventRecorder
  readonly #pods: Informer<Pod>
  readonly #nodes: Informer<Node>
  readonly #services: Informer<Service>
  readonly #volumes: VolumeState
  readonly #cluster = new ClusterState()
  readonly #queue = new SchedulingQueue()
  readonly #binds = new Set<Promise<void>>()
  /** Binds that wait for a volume: others may take long to make one, and hold up nobody else. */
  readonly #waits = new Set<Promise<void>>()

  constructor({ client, logger, clock, random, signal }: SchedulerOptions) {
    this.#client = client
    this.#logger = logger
    this.#clock = clock
    this.#signal = signal
    this.#events = createEventRecorder({ client, component: SCHEDULER_NAME, clock, random, logger: this.#logger })
    this.#pods = createInformer<Pod>(client, PODS, { logger: this.#logger, signal, indexes: { claim: claimKeysOf } })
    this.#nodes = createInformer<Node>(client, NODES, { logger: this.#logger, signal })
    this.#services = createInformer<Service>(client, SERVICES, { logger: this.#logger, signal })
    this.#volumes = new VolumeState({
      client,
      logger: this.#logger,
      signal,
      isInUse: (claim, pod) =>
        this.#pods.byIndex('claim', claim).some((other) => keyOf(other) !== keyOf(pod) && this.#cluster.isPlaced(keyOf(other))),
    })
  }

  async run(): Promise<void> {
    this.#follow()
    try {
      await Promise.all([this.#nodes, this.#services, this.#pods, ...this.#volumes.informers].map(({ synced }) => synced))
    } catch {
      return // aborted before everything was read
    }
    await this.#scheduleUntilAborted()
    this.#queue.close()
    await Promise.all([...this.#binds, ...this.#waits, this.#events.flush()])
  }

  #follow(): void {
    this.#nodes.onChange((change) => {
      if (change.type === 'deleted') this.#cluster.removeNode(change.key)
      else this.#cluster.setNode(change.object)
      if (change.type === 'added' || (change.type === 'updated' && mayFitMore(change.previous, change.object))) {
        this.#queue.nodeChanged()
      }
    })
    this.#services.onChange(({ type, object }) => {
      if (type === 'deleted') this.#cluster.removeService(object)
      else this.#cluster.setService(object)
    })
    this.#pods.onChange(({ type, key, object, previous }) => {
      if (type === 'deleted') this.#podGone(key)
      else this.#podChanged(key, object, previous)
    })
    this.#followVolumes()
    for (const informer of [this.#nodes, this.#services, this.#pods, ...this.#volumes.informers]) informer.start()
  }

  #followVolumes(): void {
    this.#volumes.claims.onChange(({ key, object, previous }) => {
      if (standing(object) !== standing(previous)) this.#queue.volumesChanged(key)
    })
    this.#volumes.volumes.onChange(({ type, object, previous }) => {
      const becameFree = type !== 'deleted' && object.status?.phase === 'Available' && previous?.status?.phase !== 'Available'
      const moved = !isDeepStrictEqual(object.spec.nodeAffinity, previous?.spec.nodeAffinity)
      if (type === 'deleted' || becameFree || moved) this.#queue.volumesChanged()
    })
    this.#volumes.storageClasses.onChange(() => this.#queue.volumesChanged())
  }

  #podChanged(key: string, pod: Pod, previous: Pod | undefined): void {
    if (this.#cluster.setPod(pod)) this.#queue.podMadeRoom()
    if (!wantsNode(pod)) this.#queue.remove(key)
    else if (!previous || !isDeepStrictEqual(previous.spec, pod.spec)) this.#queue.add(key)
  }

  #podGone(key: string): void {
    this.#queue.remove(key)
    if (!this.#cluster.isPlaced(key)) return
    this.#cluster.removePod(key)
    this.#queue.podMadeRoom()
  }

  async #scheduleUntilAborted(): Promise<void> {
    let sliceStartedMs = performance.now()
    for (;;) {
      const key = await this.#queue.next(this.#signal)
      if (key === undefined) return
      this.#scheduleOne(key)
      this.#queue.done(key)
      if (this.#binds.size >= MAX_BINDS_IN_FLIGHT) await Promise.race(this.#binds)
      if (performance.now() - sliceStartedMs < TIME_SLICE_MS) continue
      await new Promise((resolve) => setImmediate(resolve))
      sliceStartedMs = performance.now()
    }
  }

  #scheduleOne(key: string): void {
    const pod = this.#pods.get(key)
    if (!pod || !wantsNode(pod) || this.#cluster.isPlaced(key)) return
    const info = this.#podInfo(pod)
    const decision = schedulePod(info, this.#cluster.snapshot())
    if ('node' in decision) {
      const choices = this.#volumeChoices(info, decision.node)
      this.#cluster.assume(info, decision.node, decision.examined)
      this.#volumes.assume(choices, decision.node)
      const bound = this.#bind(info, decision, choices)
      own(bound, choices.length > 0 ? this.#waits : this.#binds)
    } else {
      this.#queue.park(key, { freedByPods: decision.unschedulable.some(isFreedByPods), claims: claimKeysOf(pod) })
      own(this.#report(pod, decision.message), this.#binds)
    }
  }

  #podInfo(pod: Pod): PodInfo {
    const info = this.#cluster.podInfo(pod)
    const volumes = podVolumes(pod, this.#volumes)
    return volumes === undefined ? info : { ...info, volumes }
  }

  #volumeChoices({ volumes }: PodInfo, nodeName: string): readonly VolumeChoice[] {
    const node = this.#nodes.get(nodeName)
    const choices = volumes && node ? chooseVolumes(volumes, node) : []
    return typeof choices === 'string' ? [] : choices
  }

  async #bind(
    info: PodInfo,
    { node, explain }: { readonly node: string; readonly explain: string },
    choices: readonly VolumeChoice[],
  ): Promise<void> {
    const { key, pod } = info
    try {
      const { claims } = this.#volumes
      if (choices.length > 0) await bindVolumes(choices, { client: this.#client, claims, node, signal: this.#signal })
      await bindPod(this.#client, pod, node)
      this.#logger.debug({ key, node, explain }, 'pod scheduled')
      this.#events.event(pod, 'Normal', 'Scheduled', `Successfully assigned ${key} to ${node}`)
    } catch (error) {
      this.#bindFailed(info, node, error)
    } finally {
      this.#volumes.forget(choices)
    }
  }

  #bindFailed(info: PodInfo, node: string, error: unknown): void {
    this.#cluster.forget(info)
    this.#queue.podMadeRoom()
    if (this.#signal.aborted || isNotFound(error)) return
    this.#queue.retry(info.key)
    if (isConflict(error)) return // it has a node already: the informer will say so
    this.#logger.warn({ key: info.key, node, err: error }, 'binding failed, will retry')
    const why = error instanceof Error ? error.message : String(error)
    const what = error instanceof VolumeBindError ? 'running PreBind plugin "VolumeBinding": binding volumes' : 'binding rejected'
    this.#events.event(info.pod, 'Warning', 'FailedScheduling', `${what}: ${why}`)
  }

  async #report(pod: Pod, message: string): Promise<void> {
    const condition = unschedulableCondition(pod, message, this.#clock())
    if (!condition) return
    this.#logger.info({ key: keyOf(pod), why: message }, 'pod fits nowhere')
    this.#events.event(pod, 'Warning', 'FailedScheduling', message)
    try {
      await reportUnschedulable(this.#client, pod, condition)
    } catch (error) {
      if (this.#signal.aborted || isNotFound(error) || isOfAnother(error)) return
      this.#logger.warn({ key: keyOf(pod), err: error }, 'could not say why the pod waits')
    }
  }
}

function own(work: Promise<void>, set: Set<Promise<void>>): void {
  const owned = work.finally(() => set.delete(owned))
  set.add(owned)
}

function claimKeysOf(pod: Pod): string[] {
  return podClaims(pod).map(({ claimName }) => `${pod.metadata.namespace}/${claimName}`)
}

/** What of a claim decides whether its pods can be scheduled. */
function standing(claim: PersistentVolumeClaim | undefined): string {
  if (claim === undefined) return ''
  const { metadata, status } = claim
  return [metadata.uid, claimIsBound(claim), status?.phase === 'Lost', metadata.deletionTimestamp !== undefined].join()
}

function wantsNode(pod: Pod): boolean {
  return (
    !pod.spec.nodeName &&
    !pod.metadata.deletionTimestamp &&
    !podIsTerminal(pod) &&
    (pod.spec.schedulingGates ?? []).length === 0 &&
    (pod.spec.schedulerName ?? SCHEDULER_NAME) === SCHEDULER_NAME
  )
}

function isFreedByPods({ filter }: Rejection): boolean {
  return FREED_BY_PODS.has(filter)
}

/** Whether what filters look at changed. Heartbeats and images, by far the most of a node's updates, don't count. */
function mayFitMore(before: Node | undefined, after: Node): boolean {
  return !isDeepStrictEqual(before && whatFiltersRead(before), whatFiltersRead(after))
}

function whatFiltersRead({ metadata, spec, status }: Node): unknown {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')?.status
  const volumes = [metadata.annotations?.[VOLUMES_DIRECTORY], metadata.annotations?.[VOLUMES_CAPACITY]]
  return [metadata.labels, volumes, spec.taints, spec.unschedulable, status?.allocatable, ready]
}

import { isDeepStrictEqual } from 'node:util'
import {
  isConflict,
  isNotFound,
  keyOf,
  NODES,
  type Node,
  PODS,
  type Pod,
  podIsTerminal,
  SERVICES,
  type Service,
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
  readonly #cluster = new ClusterState()
  readonly #queue = new SchedulingQueue()
  readonly #binds = new Set<Promise<void>>()

  constructor({ client, logger, clock, random, signal }: SchedulerOptions) {
    this.#client = client
    this.#logger = logger
    this.#clock = clock
    this.#signal = signal
    this.#events = createEventRecorder({ client, component: SCHEDULER_NAME, clock, random, logger: this.#logger })
    this.#pods = createInformer<Pod>(client, PODS, { logger: this.#logger, signal })
    this.#nodes = createInformer<Node>(client, NODES, { logger: this.#logger, signal })
    this.#services = createInformer<Service>(client, SERVICES, { logger: this.#logger, signal })
  }

  async run(): Promise<void> {
    this.#follow()
    try {
      await Promise.all([this.#nodes.synced, this.#services.synced, this.#pods.synced])
    } catch {
      return // aborted before everything was read
    }
    await this.#scheduleUntilAborted()
    this.#queue.close()
    await Promise.all([...this.#binds, this.#events.flush()])
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
    for (const informer of [this.#nodes, this.#services, this.#pods]) informer.start()
  }

  #podChanged(key: string, pod: Pod, previous: Pod | undefined): void {
    const wasPlaced = this.#cluster.isPlaced(key)
    this.#cluster.setPod(pod)
    if (wasPlaced && !this.#cluster.isPlaced(key)) this.#queue.podLeft()
    if (!wantsNode(pod)) this.#queue.remove(key)
    else if (!previous || !isDeepStrictEqual(previous.spec, pod.spec)) this.#queue.add(key)
  }

  #podGone(key: string): void {
    this.#queue.remove(key)
    if (!this.#cluster.isPlaced(key)) return
    this.#cluster.removePod(key)
    this.#queue.podLeft()
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
    const info = this.#cluster.podInfo(pod)
    const decision = schedulePod(info, this.#cluster.snapshot())
    if ('node' in decision) {
      this.#cluster.assume(info, decision.node, decision.examined)
      this.#own(this.#bind(info, decision.node, decision.explain))
    } else {
      this.#queue.park(key, { freedByPods: decision.unschedulable.some(isFreedByPods) })
      this.#own(this.#report(pod, decision.message))
    }
  }

  #own(work: Promise<void>): void {
    const owned = work.finally(() => this.#binds.delete(owned))
    this.#binds.add(owned)
  }

  async #bind(info: PodInfo, node: string, explain: string): Promise<void> {
    const { key, pod } = info
    try {
      await bindPod(this.#client, pod, node)
      this.#logger.debug({ key, node, explain }, 'pod scheduled')
      this.#events.event(pod, 'Normal', 'Scheduled', `Successfully assigned ${key} to ${node}`)
    } catch (error) {
      this.#bindFailed(info, node, error)
    }
  }

  #bindFailed(info: PodInfo, node: string, error: unknown): void {
    this.#cluster.forget(info)
    this.#queue.podLeft()
    if (this.#signal.aborted || isNotFound(error)) return
    this.#queue.retry(info.key)
    if (isConflict(error)) return // it has a node already: the informer will say so
    this.#logger.warn({ key: info.key, node, err: error }, 'binding failed, will retry')
    const why = error instanceof Error ? error.message : String(error)
    this.#events.event(info.pod, 'Warning', 'FailedScheduling', `binding rejected: ${why}`)
  }

  async #report(pod: Pod, message: string): Promise<void> {
    const condition = unschedulableCondition(pod, message, this.#clock())
    if (!condition) return
    this.#logger.info({ key: keyOf(pod), why: message }, 'pod fits nowhere')
    this.#events.event(pod, 'Warning', 'FailedScheduling', message)
    try {
      await reportUnschedulable(this.#client, pod, condition)
    } catch (error) {
      if (this.#signal.aborted || isNotFound(error) || isConflict(error)) return
      this.#logger.warn({ key: keyOf(pod), err: error }, 'could not say why the pod waits')
    }
  }
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
  return [metadata.labels, spec.taints, spec.unschedulable, status?.allocatable, ready]
}

import { type Pod, podIsTerminal } from '@skiff/api'
import type { Informer } from '@skiff/client'
import { podRef } from '../containers/container-spec.ts'
import type { LastAnswers } from '../objects/last-answers.ts'
import type { ReferencedObjects } from '../objects/referenced-objects.ts'
import type { PodContainers, PodRef, RuntimeEvent } from '../runtime/runtime.ts'
import { liveSandbox } from './container-history.ts'
import { POD_IP } from './labels.ts'
import { isMirror, type MirrorPods } from './mirror-pods.ts'
import type { PodTools } from './pod-tools.ts'
import { PodWorker } from './pod-worker.ts'
import type { StaticPods } from './static-pods.ts'
import { StaticRuns } from './static-runs.ts'

export interface PodWorkersOptions {
  readonly tools: PodTools
  /** The pods that are bound to this node. */
  readonly pods: Informer<Pod>
  readonly objects: ReferencedObjects
  readonly answers: LastAnswers
  readonly statics: StaticPods
  readonly mirrors: MirrorPods
  readonly random: () => number
  readonly signal: AbortSignal
}

/** Containers that nobody told us of are found after so long. A list of 100 takes the engine 15 ms. */
const RELIST_MS = 60_000

/** As long as a pod may take to stop when its host goes down; both together stay below what systemd gives the agent. */
const REST_SECONDS = 20
const CRITICAL_REST_SECONDS = 10
/** That of `system-cluster-critical`. */
const CRITICAL_PRIORITY = 2_000_000_000

/** One worker per pod, for those in the API and for those that only the engine still has. */
export class PodWorkers {
  readonly #options: PodWorkersOptions
  readonly #workers = new Map<string, PodWorker>()
  /** Those that are done, whose object the API may still show for a moment (or longer: finalizers). */
  readonly #finished = new Set<string>()
  readonly #statics: StaticRuns
  readonly #running = new Set<Promise<void>>()
  /**
   * The API's own list was compared with what was here before the agent: a container without a pod is an orphan, and a pod that
   * comes from now on can have nothing here.
   */
  #isCompared = false
  /** The pods that had a sandbox when the agent came, by uid. */
  #wereAlive: ReadonlySet<string> = new Set()

  constructor(options: PodWorkersOptions) {
    this.#options = options
    const { statics, mirrors, tools } = options
    this.#statics = new StaticRuns({
      ...{ statics, mirrors, now: tools.now },
      start: (pod) => this.#create(podRef(pod)).update(pod),
      update: (pod) => this.#workers.get(pod.metadata.uid)?.update(pod),
    })
  }

  /** Begins once the API's pods are known, from the API or from what an earlier agent has kept. */
  async start(): Promise<void> {
    const { pods, tools, statics, signal } = this.#options
    await pods.synced
    await statics.start(() => this.#statics.sync())
    const here = await tools.runtime.listPods()
    // What is begun below listens to the signal, which tells nobody who comes too late.
    signal.throwIfAborted()
    this.#wereAlive = new Set(here.filter(liveSandbox).map(({ pod }) => pod.uid))
    for (const found of here) this.#adoptAddress(found)
    for (const pod of pods.list()) this.#reserveAddress(pod)
    pods.onChange((change) => {
      if (change.type === 'deleted') this.#gone(change.object)
      else this.#present(change.object)
    })
    this.#statics.sync()
    tools.admission.onRoom(() => this.#each((worker) => worker.roomCame()))
    pods.current.then(() => this.#compare(here)).catch(() => undefined)
    tools.runtime.watch((event) => this.#hear(event), signal)
    const stopListening = tools.images.onChange(() => this.#each((worker) => worker.imagesChanged()))
    signal.addEventListener('abort', stopListening, { once: true })
    const relist = setInterval(() => void this.#relist(), RELIST_MS)
    signal.addEventListener('abort', () => clearInterval(relist), { once: true })
  }

  worker(uid: string): PodWorker | undefined {
    return this.#workers.get(uid)
  }

  /** What the engine shows of every pod, as its worker saw it last. */
  observed(): readonly PodContainers[] {
    return [...this.#workers.values()].flatMap((worker) => worker.observed ?? [])
  }

  configChanged(podUid: string): void {
    this.#workers.get(podUid)?.configChanged()
  }

  /** The host goes down: the pods are stopped, those that the cluster itself needs (DNS, say) after the others. */
  async rest(): Promise<void> {
    const workers = [...this.#workers.values()]
    const isCritical = (worker: PodWorker) => worker.priority >= CRITICAL_PRIORITY
    await Promise.all(workers.filter((worker) => !isCritical(worker)).map((worker) => worker.rest(REST_SECONDS)))
    await Promise.all(workers.filter(isCritical).map((worker) => worker.rest(CRITICAL_REST_SECONDS)))
  }

  /** Every pod that is to run here, as the API has it; a static pod instead of its mirror. */
  list(): readonly Pod[] {
    const bound = this.#options.pods.list().filter((pod) => !isMirror(pod))
    return [...bound, ...this.#statics.list()]
  }

  /** Under which uid the API knows the pod; undefined: not yet. */
  apiUid(pod: Pod): string | undefined {
    return this.#statics.has(pod.metadata.uid) ? this.#options.mirrors.of(pod)?.metadata.uid : pod.metadata.uid
  }

  /** Resolves when every worker has ended, after the signal. */
  async stopped(): Promise<void> {
    await Promise.all(this.#running)
  }

  #each(act: (worker: PodWorker) => void): void {
    for (const worker of this.#workers.values()) act(worker)
  }

  /** An address in use must be known before the first one is handed out. */
  #adoptAddress(found: PodContainers): void {
    const ip = liveSandbox(found)?.labels[POD_IP]
    if (ip) this.#options.tools.network.adopt(found.pod.uid, ip)
  }

  /** After a restart of the machine no sandbox runs, but whoever knew a pod's address finds it there again. */
  #reserveAddress(pod: Pod): void {
    const { podIP } = pod.status ?? {}
    if (podIP && !pod.spec.hostNetwork && !podIsTerminal(pod)) this.#options.tools.network.reserve(pod.metadata.uid, podIP)
  }

  /** Once, when the API's own list is there. What an earlier agent kept is no reason to take anything away. */
  #compare(here: readonly PodContainers[]): void {
    for (const pod of this.#options.pods.list()) this.#present(pod, { isConfirmed: true })
    this.#isCompared = true
    this.#meet(here)
  }

  #present(pod: Pod, { isConfirmed } = { isConfirmed: this.#isCompared }): void {
    const { uid } = pod.metadata
    if (isMirror(pod)) {
      this.#statics.shown(pod)
      return
    }
    if (this.#finished.has(uid) || (!isConfirmed && this.#mayRunElsewhere(pod))) return
    // A pod that has ended reads nothing any more.
    if (!podIsTerminal(pod)) this.#options.objects.retain(pod)
    const worker = this.#workers.get(uid) ?? this.#createFor(pod)
    worker.update(pod)
  }

  /**
   * What was kept may be out of date: somebody may have given up this host, and let a StatefulSet's pod run on another one. Where
   * it does not run any more, after a reboot, it waits for the master's word: it must never run twice.
   */
  #mayRunElsewhere({ metadata }: Pod): boolean {
    if (this.#wereAlive.has(metadata.uid)) return false
    return (metadata.ownerReferences ?? []).some(({ kind, controller }) => kind === 'StatefulSet' && controller)
  }

  #gone(pod: Pod): void {
    if (isMirror(pod)) {
      this.#options.mirrors.gone(pod)
      return
    }
    this.#finished.delete(pod.metadata.uid)
    this.#workers.get(pod.metadata.uid)?.update(undefined)
  }

  #createFor(pod: Pod): PodWorker {
    const ref = podRef(pod)
    return this.#create(ref, this.#isCompared ? { pod: ref, sandboxes: [], containers: [] } : undefined)
  }

  #create(ref: PodRef, observed?: PodContainers): PodWorker {
    const { tools, random, signal } = this.#options
    const known = observed === undefined ? {} : { observed }
    const worker = new PodWorker({ ref, ...known, tools, apiUid: (pod) => this.apiUid(pod), random, signal })
    this.#workers.set(ref.uid, worker)
    // After this turn, so that its first wish is there before its first pass.
    const running = Promise.resolve()
      .then(() => worker.run())
      .finally(() => this.#forget(ref, running))
    this.#running.add(running)
    return worker
  }

  #forget(ref: PodRef, running: Promise<void>): void {
    const { pods, objects, answers, tools, signal } = this.#options
    this.#running.delete(running)
    const status = this.#workers.get(ref.uid)?.status
    this.#workers.delete(ref.uid)
    objects.release(ref.uid)
    if (!signal.aborted) answers.release(ref.uid)
    tools.admission.forget(ref.uid)
    const shown = pods.get(`${ref.namespace}/${ref.name}`)
    if (shown?.metadata.uid === ref.uid) this.#finished.add(ref.uid)
    if (signal.aborted || !this.#statics.has(ref.uid)) return
    this.#statics.ended(ref.uid, status?.containerStatuses)
    this.#statics.sync()
  }

  /** Containers of ours; those without a pod in the API get a worker that takes them away. */
  #meet(found: readonly PodContainers[]): void {
    if (!this.#isCompared) return
    for (const { pod: ref } of found) {
      // The engine's own trial containers carry our labels, but no pod's.
      if (ref.uid === '' || this.#workers.has(ref.uid)) continue
      const pod = this.#options.pods.get(`${ref.namespace}/${ref.name}`)
      if (pod?.metadata.uid !== ref.uid) this.#create(ref)
    }
  }

  #hear(event: RuntimeEvent): void {
    switch (event.type) {
      case 'pod':
        this.#hearOfPod(event)
        return
      case 'resync':
        this.#each((worker) => worker.lookAgain())
        void this.#relist()
        return
      case 'engine':
        if (event.available) this.#each((worker) => worker.lookAgain())
        return
    }
  }

  #hearOfPod({ uid, action, containerId }: Extract<RuntimeEvent, { type: 'pod' }>): void {
    const worker = this.#workers.get(uid)
    if (worker !== undefined) worker.tell({ action, containerId })
    else if (action === 'start') void this.#relist()
  }

  async #relist(): Promise<void> {
    const { tools } = this.#options
    try {
      const found = await tools.runtime.listPods()
      for (const pod of found) this.#workers.get(pod.pod.uid)?.compare(pod)
      this.#meet(found)
    } catch (error) {
      tools.logger.debug({ err: error }, 'containers were not listed')
    }
  }
}

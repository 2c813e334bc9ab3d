import { type Pod, podIsTerminal } from '@skiff/api'
import type { Informer } from '@skiff/client'
import { podRef } from '../containers/container-spec.ts'
import type { ReferencedObjects } from '../objects/referenced-objects.ts'
import type { PodContainers, PodRef, RuntimeEvent } from '../runtime/runtime.ts'
import { liveSandbox } from './container-history.ts'
import { POD_IP } from './labels.ts'
import type { PodTools } from './pod-tools.ts'
import { PodWorker } from './pod-worker.ts'

export interface PodWorkersOptions {
  readonly tools: PodTools
  /** The pods that are bound to this node. */
  readonly pods: Informer<Pod>
  readonly objects: ReferencedObjects
  readonly random: () => number
  readonly signal: AbortSignal
}

/** Containers that nobody told us of are found after so long; docker-api.md: a list of 100 takes 15 ms. */
const RELIST_MS = 60_000

/** One worker per pod, for those in the API and for those that only the engine still has. */
export class PodWorkers {
  readonly #options: PodWorkersOptions
  readonly #workers = new Map<string, PodWorker>()
  /** Those that are done, whose object the API may still show for a moment (or longer: finalizers). */
  readonly #finished = new Set<string>()
  readonly #running = new Set<Promise<void>>()

  constructor(options: PodWorkersOptions) {
    this.#options = options
  }

  /** Begins once the API's pods are known: only then is a container without a pod an orphan. */
  async start(): Promise<void> {
    const { pods, tools, signal } = this.#options
    await pods.synced
    const here = await tools.runtime.listPods()
    for (const found of here) this.#adoptAddress(found)
    pods.onChange((change) => {
      if (change.type === 'deleted') this.#gone(change.object)
      else this.#present(change.object)
    })
    this.#meet(here)
    tools.runtime.watch((event) => this.#hear(event), signal)
    tools.images.onChange(() => this.#each((worker) => worker.imagesChanged()))
    const relist = setInterval(() => void this.#relist(), RELIST_MS)
    signal.addEventListener('abort', () => clearInterval(relist), { once: true })
  }

  worker(uid: string): PodWorker | undefined {
    return this.#workers.get(uid)
  }

  configChanged(podUid: string): void {
    this.#workers.get(podUid)?.configChanged()
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

  #present(pod: Pod): void {
    const { uid } = pod.metadata
    if (this.#finished.has(uid)) return
    // A pod that has ended reads nothing any more.
    if (!podIsTerminal(pod)) this.#options.objects.retain(pod)
    const worker = this.#workers.get(uid) ?? this.#create(podRef(pod))
    worker.update(pod)
  }

  #gone(pod: Pod): void {
    this.#finished.delete(pod.metadata.uid)
    this.#workers.get(pod.metadata.uid)?.update(undefined)
  }

  #create(ref: PodRef): PodWorker {
    const { tools, random, signal } = this.#options
    const worker = new PodWorker({ ref, tools, random, signal })
    this.#workers.set(ref.uid, worker)
    // After this turn, so that its first wish is there before its first pass.
    const running = Promise.resolve()
      .then(() => worker.run())
      .finally(() => this.#forget(ref, running))
    this.#running.add(running)
    return worker
  }

  #forget(ref: PodRef, running: Promise<void>): void {
    const { pods, objects } = this.#options
    this.#running.delete(running)
    this.#workers.delete(ref.uid)
    objects.release(ref.uid)
    const shown = pods.get(`${ref.namespace}/${ref.name}`)
    if (shown?.metadata.uid === ref.uid) this.#finished.add(ref.uid)
  }

  /** Containers of ours; those without a pod in the API get a worker that takes them away. */
  #meet(found: readonly PodContainers[]): void {
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
    else if (action === 'start' || action === 'create') void this.#relist()
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

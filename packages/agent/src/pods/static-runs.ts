import { type ContainerStatus, type Pod, rfc3339 } from '@skiff/api'
import { graceOf } from './grace.ts'
import { type MirrorPods, nameOf } from './mirror-pods.ts'
import type { StaticPods } from './static-pods.ts'

export interface StaticRunsOptions {
  readonly statics: StaticPods
  readonly mirrors: MirrorPods
  readonly now: () => Date
  /** A worker for a pod that has none; the pod is what it is to run. */
  readonly start: (pod: Pod) => void
  readonly update: (pod: Pod) => void
}

/**
 * The static pods that run here, each until it has ended: what its file says by now may be another pod, or it may be gone. One
 * after the other of the same name, and each has a mirror as long as it runs.
 */
export class StaticRuns {
  readonly #options: StaticRunsOptions
  /** By uid. */
  readonly #running = new Map<string, Pod>()
  readonly #ending = new Set<string>()
  /** What a run left for the next one of the same pod, by its name. */
  readonly #before = new Map<string, { readonly uid: string; readonly containerStatuses: readonly ContainerStatus[] }>()

  constructor(options: StaticRunsOptions) {
    this.#options = options
  }

  /** Those that run, and those that are to. */
  list(): readonly Pod[] {
    const all = new Map([...this.#options.statics.pods, ...this.#running])
    return [...all.values()].map((pod) => this.#asShown(pod))
  }

  has(uid: string): boolean {
    return this.#running.has(uid)
  }

  /** Starts what is new in the directory, once what it replaces has ended, and ends what is there no more. */
  sync(): void {
    const { statics, mirrors, start } = this.#options
    for (const [uid, pod] of this.#running) if (!statics.pods.has(uid)) this.#end(pod)
    const busy = new Set([...this.#running.values()].map(nameOf))
    for (const [uid, pod] of statics.pods) {
      if (busy.has(nameOf(pod))) continue
      this.#running.set(uid, pod)
      start(this.#asShown(pod))
    }
    mirrors.want(this.#running.values())
  }

  /** A mirror came, or was changed. */
  shown(mirror: Pod): void {
    const { mirrors, update } = this.#options
    mirrors.shown(mirror)
    const pod = [...this.#running.values()].find((one) => mirrors.of(one) === mirror)
    if (pod !== undefined && !this.#ending.has(pod.metadata.uid)) update(this.#asShown(pod))
  }

  /** The worker of that pod is done. */
  ended(uid: string, containerStatuses: readonly ContainerStatus[] = []): void {
    const pod = this.#running.get(uid)
    if (pod === undefined) return
    this.#running.delete(uid)
    this.#ending.delete(uid)
    this.#before.set(nameOf(pod), { uid, containerStatuses: containerStatuses.map(asLastRun) })
    this.#options.mirrors.retire(pod)
  }

  /** Once: a file that comes back while its pod ends doesn't call it back. */
  #end(pod: Pod): void {
    const { uid } = pod.metadata
    if (this.#ending.has(uid)) return
    this.#ending.add(uid)
    const deletionGracePeriodSeconds = graceOf(pod)
    const deletionTimestamp = rfc3339(this.#options.now())
    this.#options.update({ ...pod, metadata: { ...pod.metadata, deletionTimestamp, deletionGracePeriodSeconds } })
  }

  /** With the status that its mirror has, and the count of its restarts. */
  #asShown(pod: Pod): Pod {
    const mirror = this.#options.mirrors.of(pod)
    const before = this.#before.get(nameOf(pod))
    const { containerStatuses = [] } = before?.uid === pod.metadata.uid ? before : {}
    const status = { ...(containerStatuses.length > 0 ? { containerStatuses: [...containerStatuses] } : {}), ...mirror?.status }
    if (mirror === undefined) return { ...pod, status: { ...pod.status, ...status } }
    const { resourceVersion, creationTimestamp } = mirror.metadata
    return { ...pod, metadata: { ...pod.metadata, resourceVersion, creationTimestamp }, status }
  }
}

/** Restarts are counted on from it. */
function asLastRun(status: ContainerStatus): ContainerStatus {
  return { ...status, ready: false, started: false, state: {} }
}

import { setTimeout as delay } from 'node:timers/promises'
import { isNotFound, isOfAnother, PODS, type Pod, type PodStatus } from '@skiff/api'
import { type ApiClient, backoff, type Log } from '@skiff/client'
import { isQuietChange } from './quiet-change.ts'
import type { QuietPace } from './quiet-pace.ts'
import { statusPatch } from './status-patch.ts'

export interface StatusWriterOptions {
  readonly client: ApiClient
  /** Of a static pod that of its mirror; undefined as long as the API doesn't have it. */
  readonly apiUid: (pod: Pod) => string | undefined
  readonly quietPace: QuietPace
  readonly logger: Log
  readonly random: () => number
  readonly signal: AbortSignal
}

interface Wanted {
  readonly pod: Pod
  readonly status: PodStatus
}

/**
 * Writes one pod's status: only what differs from what the API has, one patch after the other, the newest wins, retried until it
 * is in or the pod is gone.
 */
export class StatusWriter {
  readonly #options: StatusWriterOptions
  #wanted: Wanted | undefined
  #written: Pod | undefined
  #patching: Promise<Pod> | undefined
  #working: Promise<void> | undefined
  /** Ends the wait for louder news: what is wanted is written now. */
  #hurry: (() => void) | undefined
  #flushes = 0

  constructor(options: StatusWriterOptions) {
    this.#options = options
  }

  write(pod: Pod, status: PodStatus): void {
    if (this.#options.signal.aborted) return
    this.#wanted = { pod, status }
    if (this.#hurry !== undefined && !this.#canWait(this.#wanted)) this.#hurry()
    this.#working ??= this.#work()
  }

  /** Resolves when everything given so far is in the API, or nobody wants it any more. */
  async flush(): Promise<void> {
    this.#flushes += 1
    this.#hurry?.()
    while (this.#working !== undefined) await this.#working
    this.#flushes -= 1
  }

  /** Whether this version of the pod is what the last write made of it; waits for the answer to one that is under way. */
  async hasWritten({ metadata }: Pod): Promise<boolean> {
    await this.#patching?.catch(() => undefined)
    return this.#written?.metadata.resourceVersion === metadata.resourceVersion
  }

  /** The newest that is known of the pod: what the informer shows, or the answer to our own last patch. */
  newest(pod: Pod): Pod {
    const written = this.#written
    if (written === undefined || written.metadata.uid !== this.#options.apiUid(pod)) return pod
    return revisionOf(written) > revisionOf(pod) ? written : pod
  }

  async #work(): Promise<void> {
    const { signal, logger, random } = this.#options
    const retry = backoff({ initialMs: 200, maxMs: 10_000, jitter: 0.5, random })
    while (this.#wanted !== undefined && !signal.aborted) {
      if (this.#canWait(this.#wanted)) await this.#waitForMore()
      const wanted = this.#wanted
      this.#wanted = undefined
      try {
        await this.#patch(wanted)
        retry.reset()
      } catch (error) {
        if (isOfNobody(error)) continue
        logger.debug({ pod: wanted.pod.metadata.name, err: error }, 'pod status was not written')
        this.#wanted ??= wanted
        await delay(retry.nextMs(), undefined, { signal }).catch(() => undefined)
      }
    }
    // In the same turn as the last look at what is wanted: nothing that comes now is left lying.
    this.#working = undefined
  }

  #canWait({ pod, status }: Wanted): boolean {
    return this.#flushes === 0 && isQuietChange(this.newest(pod).status, status)
  }

  async #waitForMore(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#hurry = resolve
    // An agent that ends doesn't wait for it.
    const timer = setTimeout(resolve, this.#options.quietPace.waitMs()).unref()
    await promise
    clearTimeout(timer)
    this.#hurry = undefined
  }

  async #patch({ pod, status }: Wanted): Promise<void> {
    const uid = this.#options.apiUid(pod)
    const patch = statusPatch(this.newest(pod).status, status)
    if (patch === undefined || uid === undefined) return
    const { name, namespace = '' } = pod.metadata
    // The uid makes it invalid to write to another pod of that name.
    const body = { metadata: { uid }, status: patch }
    const ref = { name, namespace, subresource: 'status' }
    this.#patching = this.#options.client.patch<Pod>(PODS, ref, { type: 'strategic', body })
    this.#written = await this.#patching
  }
}

/** The pod is gone; another may have its name. */
function isOfNobody(error: unknown): boolean {
  return isNotFound(error) || isOfAnother(error)
}

function revisionOf(pod: Pod): bigint {
  return BigInt(pod.metadata.resourceVersion || '0')
}

import { WorkQueue } from '@skiff/client'

/** A pod that comes back again and again waits longer each time; the first two attempts come at once. */
const RETRY_INITIAL_MS = 50
const RETRY_MAX_MS = 10_000

/** What can make room for a waiting pod, beside a change of nodes. */
interface WaitsFor {
  /** Pods that leave a node or ask for less of it. */
  readonly freedByPods: boolean
  /** Keys of the claims that it uses. */
  readonly claims?: readonly string[]
}

/**
 * The pods that want a node: those to try now, those to try after a back-off, and those that fit nowhere and wait for
 * something to change that could help them.
 */
export class SchedulingQueue {
  readonly #queue = new WorkQueue({ retryInitialMs: RETRY_INITIAL_MS, retryMaxMs: RETRY_MAX_MS })
  readonly #parked = new Map<string, WaitsFor>()
  readonly #attempts = new Map<string, number>()

  /** Tries the pod now: it is new, or it was changed. */
  add(key: string): void {
    this.#parked.delete(key)
    this.#queue.add(key)
  }

  async next(signal: AbortSignal): Promise<string | undefined> {
    return await this.#queue.next(signal)
  }

  done(key: string): void {
    this.#queue.done(key)
  }

  /** The attempt failed for a reason that time may heal. */
  retry(key: string): void {
    this.#queue.addRateLimited(key)
  }

  park(key: string, waitsFor: WaitsFor): void {
    this.#parked.set(key, waitsFor)
  }

  /** The pod has a node, or is gone. */
  remove(key: string): void {
    this.#parked.delete(key)
    this.#attempts.delete(key)
    this.#queue.forget(key)
  }

  /** A node came or changed: it may fit any of the waiting pods. */
  nodeChanged(): void {
    for (const key of [...this.#parked.keys()]) this.#wake(key)
  }

  /** A pod left its node or asks for less of it: there is room again. */
  podMadeRoom(): void {
    for (const [key, { freedByPods }] of [...this.#parked]) if (freedByPods) this.#wake(key)
  }

  /** A claim changed in a way that pods wait for; without a claim: a volume or a class did. */
  volumesChanged(claim?: string): void {
    for (const [key, { claims = [] }] of [...this.#parked]) {
      if (claim === undefined ? claims.length > 0 : claims.includes(claim)) this.#wake(key)
    }
  }

  close(): void {
    this.#queue.close()
  }

  #wake(key: string): void {
    this.#parked.delete(key)
    const attempts = (this.#attempts.get(key) ?? 0) + 1
    this.#attempts.set(key, attempts)
    if (attempts === 1) this.#queue.add(key)
    else this.#queue.addRateLimited(key)
  }
}

import { Timetable } from './timetable.ts'

export interface WorkQueueOptions {
  /** First and longest delay of `addRateLimited`; it doubles in between. */
  readonly retryInitialMs?: number
  readonly retryMaxMs?: number
}

const RETRY_INITIAL_MS = 5
const RETRY_MAX_MS = 60_000

/**
 * Keys that wait for work, as client-go's: a key that is added twice is handed out once; a key that is being worked on
 * is never handed out a second time but comes again after `done` if it was added meanwhile.
 */
export class WorkQueue {
  readonly #retryInitialMs: number
  readonly #retryMaxMs: number
  /** Keys that need work: those in `#ready`, and those being processed that were added again. */
  readonly #dirty = new Set<string>()
  readonly #processing = new Set<string>()
  /** Keys to hand out, in order. A set, so that the first comes out without moving the others. */
  readonly #ready = new Set<string>()
  /** Those who wait for a key, and what ends their wait. */
  readonly #waiters = new Map<(key: string | undefined) => void, AbortSignal>()
  /** What is listened to already. */
  readonly #signals = new WeakSet<AbortSignal>()
  readonly #failures = new Map<string, number>()
  readonly #later: Timetable

  constructor(options: WorkQueueOptions = {}) {
    this.#retryInitialMs = options.retryInitialMs ?? RETRY_INITIAL_MS
    this.#retryMaxMs = options.retryMaxMs ?? RETRY_MAX_MS
    this.#later = new Timetable((key) => this.add(key))
  }

  /** Keys that are ready to be handed out. */
  get size(): number {
    return this.#ready.size
  }

  add(key: string): void {
    if (this.#dirty.has(key)) return
    this.#dirty.add(key)
    if (this.#processing.has(key)) return
    this.#ready.add(key)
    this.#handOut()
  }

  /** Adds the key after a delay. Of several delays of one key the earliest counts. */
  addAfter(key: string, ms: number): void {
    if (ms <= 0) this.add(key)
    else this.#later.schedule(key, ms)
  }

  /** Adds the key after its own back-off, which doubles with every call until `forget`. */
  addRateLimited(key: string): void {
    const failures = this.#failures.get(key) ?? 0
    this.#failures.set(key, failures + 1)
    this.addAfter(key, Math.min(this.#retryMaxMs, this.#retryInitialMs * 2 ** failures))
  }

  /** How often the key failed in a row: calls of `addRateLimited` since the last `forget`. */
  failures(key: string): number {
    return this.#failures.get(key) ?? 0
  }

  /** The key is well: its next back-off starts small. */
  forget(key: string): void {
    this.#failures.delete(key)
  }

  /** The next key, marked as being processed until `done`; undefined once the signal aborts. */
  async next(signal: AbortSignal): Promise<string | undefined> {
    if (signal.aborted) return undefined
    const key = first(this.#ready)
    if (key !== undefined) return this.#take(key)
    this.#endWith(signal)
    return await new Promise((resolve) => this.#waiters.set(resolve, signal))
  }

  /** One listener, however often somebody waits: many have the same signal, and each addition looks at all that it has. */
  #endWith(signal: AbortSignal): void {
    if (this.#signals.has(signal)) return
    this.#signals.add(signal)
    const end = () => {
      for (const [waiter, its] of this.#waiters) {
        if (its !== signal) continue
        this.#waiters.delete(waiter)
        waiter(undefined)
      }
    }
    signal.addEventListener('abort', end, { once: true })
  }

  /** Must follow every `next`, whatever came of the work. */
  done(key: string): void {
    this.#processing.delete(key)
    if (!this.#dirty.has(key)) return
    this.#ready.add(key)
    this.#handOut()
  }

  /** Drops what is still to come, so that no timer keeps the process alive. */
  close(): void {
    this.#later.clear()
  }

  #handOut(): void {
    const waiter = first(this.#waiters.keys())
    const key = first(this.#ready)
    if (waiter === undefined || key === undefined) return
    this.#waiters.delete(waiter)
    waiter(this.#take(key))
  }

  #take(key: string): string {
    this.#ready.delete(key)
    this.#dirty.delete(key)
    this.#processing.add(key)
    return key
  }
}

function first<T>(values: Iterable<T>): T | undefined {
  for (const value of values) return value
  return undefined
}

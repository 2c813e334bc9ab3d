import type { StoreEvent } from '../store.ts'

/** How much of the past is kept, so that watches can be resumed and lists paged. Whatever is reached first counts. */
export interface HistoryLimits {
  readonly maxEvents: number
  /** Of values that only the history still holds. */
  readonly maxBytes: number
  readonly maxAgeMs: number
}

export const HISTORY_LIMITS: HistoryLimits = { maxEvents: 20_000, maxBytes: 32 * 2 ** 20, maxAgeMs: 5 * 60_000 }

interface Moment {
  readonly event: StoreEvent
  readonly atMs: number
}

/** Roughly what an event costs beside the value it keeps alive. */
const EVENT_OVERHEAD_BYTES = 200

/** The recent events in order. */
export class History {
  readonly #limits: HistoryLimits
  readonly #moments: Moment[] = []
  /** Moments before this index are evicted; they are cut off now and then. */
  #head = 0
  #bytes = 0
  #compactedRevision: number

  constructor(limits: HistoryLimits, compactedRevision: number) {
    this.#limits = limits
    this.#compactedRevision = compactedRevision
  }

  /** Everything after this revision is here. */
  get compactedRevision(): number {
    return this.#compactedRevision
  }

  push(event: StoreEvent, atMs: number): void {
    this.#moments.push({ event, atMs })
    this.#bytes += costOf(event)
  }

  /** Forgets what is beyond the limits and returns it. */
  evict(nowMs: number): StoreEvent[] {
    const evicted: StoreEvent[] = []
    for (
      let oldest = this.#moments[this.#head];
      oldest !== undefined && this.#isTooMuch(oldest, nowMs);
      oldest = this.#moments[this.#head]
    ) {
      evicted.push(oldest.event)
      this.#bytes -= costOf(oldest.event)
      this.#compactedRevision = oldest.event.revision
      this.#head += 1
    }
    if (this.#head > 1_024 && this.#head > this.#moments.length / 2) {
      this.#moments.splice(0, this.#head)
      this.#head = 0
    }
    return evicted
  }

  /** Events with a greater revision, oldest first. */
  *after(revision: number): Generator<StoreEvent, void, void> {
    for (let index = this.#firstAfter(revision); index < this.#moments.length; index += 1) {
      const moment = this.#moments[index]
      if (moment !== undefined) yield moment.event
    }
  }

  #isTooMuch(oldest: Moment, nowMs: number): boolean {
    const { maxEvents, maxBytes, maxAgeMs } = this.#limits
    return this.#moments.length - this.#head > maxEvents || this.#bytes > maxBytes || nowMs - oldest.atMs > maxAgeMs
  }

  #firstAfter(revision: number): number {
    let low = this.#head
    let high = this.#moments.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#moments[middle]?.event.revision ?? 0) <= revision) low = middle + 1
      else high = middle
    }
    return low
  }
}

function costOf(event: StoreEvent): number {
  return EVENT_OVERHEAD_BYTES + (event.previous?.value.length ?? 0)
}

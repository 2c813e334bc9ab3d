import { CompactedError, type Entry, type ListOptions, type ListResult, type StoreEvent } from '../store.ts'
import { History, type HistoryLimits } from './history.ts'
import { endOfPrefix, OrderedEntries, successor } from './ordered-entries.ts'

/** As etcd's: an empty store is at revision 1, because 0 means "any" to Kubernetes clients. */
const FIRST_REVISION = 1

export interface StateOptions {
  readonly limits: HistoryLimits
  /** Monotonic milliseconds. */
  readonly clock: () => number
  readonly revision?: number
  readonly compactedRevision?: number
}

/** The acknowledged state in memory: what is, and what was within the window. */
export class RevisionedState {
  readonly #entries = new OrderedEntries()
  readonly #history: History
  readonly #clock: () => number
  #revision: number

  constructor(options: StateOptions) {
    this.#history = new History(options.limits, options.compactedRevision ?? FIRST_REVISION)
    this.#clock = options.clock
    this.#revision = options.revision ?? FIRST_REVISION
  }

  get revision(): number {
    return this.#revision
  }

  get compactedRevision(): number {
    return this.#history.compactedRevision
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key)
  }

  /** Makes the next events part of the state. */
  apply(events: readonly StoreEvent[]): void {
    const now = this.#clock()
    for (const event of events) {
      if (event.type === 'put') this.#entries.set(event.entry)
      else this.#entries.delete(event.key)
      if (event.revision > this.compactedRevision) this.#history.push(event, now)
      this.#revision = Math.max(this.#revision, event.revision)
    }
  }

  /** Shrinks the window to its limits; returns the revisions of writes that nothing refers to any more. */
  compact(): number[] {
    const obsolete: number[] = []
    for (const event of this.#history.evict(this.#clock())) {
      if (event.previous !== undefined) obsolete.push(event.previous.modRevision)
      if (event.type === 'delete') obsolete.push(event.revision)
    }
    return obsolete
  }

  /** Events of a prefix after a revision. Throws `CompactedError` when some of them are forgotten. */
  eventsAfter(revision: number, prefix: string): StoreEvent[] {
    if (revision < this.compactedRevision) throw new CompactedError(revision, this.compactedRevision)
    const events: StoreEvent[] = []
    for (const event of this.#history.after(revision)) if (keyOf(event).startsWith(prefix)) events.push(event)
    return events
  }

  list(prefix: string, options: ListOptions): ListResult {
    const { after, revision = this.#revision } = options
    const limit = options.limit || Number.POSITIVE_INFINITY
    const from = after === undefined || after < prefix ? prefix : successor(after)
    const end = endOfPrefix(prefix)
    const changed = this.#entriesAsOf(revision, prefix, from)
    if (changed.size === 0) return { ...this.#entries.range(from, end, limit), revision }
    const then = undo(this.#entries.range(from, end, Number.POSITIVE_INFINITY).entries, changed)
    return { entries: then.slice(0, limit), revision, remaining: Math.max(0, then.length - limit) }
  }

  /** For keys that changed since a revision: the entry as it was then. */
  #entriesAsOf(revision: number, prefix: string, from: string): Map<string, Entry | undefined> {
    const asOf = new Map<string, Entry | undefined>()
    if (revision === this.#revision) return asOf
    if (revision > this.#revision) throw new RangeError(`revision ${revision} is in the future: the newest is ${this.#revision}`)
    for (const event of this.eventsAfter(revision, prefix)) {
      const key = keyOf(event)
      if (key >= from && !asOf.has(key)) asOf.set(key, event.previous)
    }
    return asOf
  }
}

function keyOf(event: StoreEvent): string {
  return event.type === 'put' ? event.entry.key : event.key
}

function undo(now: readonly Entry[], changed: ReadonlyMap<string, Entry | undefined>): Entry[] {
  const then = now.filter((entry) => !changed.has(entry.key))
  for (const entry of changed.values()) if (entry !== undefined) then.push(entry)
  return then.sort((a, b) => (a.key < b.key ? -1 : 1))
}

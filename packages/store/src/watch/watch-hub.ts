import type { StoreEvent, WatchOptions } from '../store.ts'

interface Watcher {
  readonly options: WatchOptions
  /** Ends it without a word. */
  readonly stop: () => void
  stopped: boolean
}

/** Delivers events to those whose prefix matches; an event costs nothing to the others. */
export class WatchHub {
  readonly #byPrefix = new Map<string, Set<Watcher>>()
  /** How many watched prefixes have a length: an event's key is looked up once for each length. */
  readonly #lengths = new Map<number, number>()

  /** `missed` is what happened since `afterRevision`; it is delivered at once. */
  add(options: WatchOptions, missed: readonly StoreEvent[], progress: number): void {
    if (options.signal.aborted) return
    const stop = () => this.#remove(watcher)
    const watcher: Watcher = { options, stop, stopped: false }
    this.#insert(watcher)
    options.signal.addEventListener('abort', stop, { once: true })
    if (missed.length > 0) deliverTo(watcher, missed, progress)
  }

  /** Every matching watcher has been called when this returns. */
  deliver(events: readonly StoreEvent[], progress: number): void {
    for (const [watcher, batch] of this.#batches(events)) deliverTo(watcher, batch, progress)
  }

  /** Drops all watchers. */
  close(reason: Error): void {
    for (const watchers of [...this.#byPrefix.values()]) for (const watcher of [...watchers]) drop(watcher, reason)
  }

  #batches(events: readonly StoreEvent[]): Map<Watcher, StoreEvent[]> {
    const batches = new Map<Watcher, StoreEvent[]>()
    for (const event of events) {
      const key = event.type === 'put' ? event.entry.key : event.key
      for (const length of this.#lengths.keys()) {
        if (length > key.length) continue
        for (const watcher of this.#byPrefix.get(key.slice(0, length)) ?? []) {
          if (event.revision <= watcher.options.afterRevision) continue
          const batch = batches.get(watcher)
          if (batch === undefined) batches.set(watcher, [event])
          else batch.push(event)
        }
      }
    }
    return batches
  }

  #insert(watcher: Watcher): void {
    const { prefix } = watcher.options
    const others = this.#byPrefix.get(prefix)
    if (others !== undefined) {
      others.add(watcher)
      return
    }
    this.#byPrefix.set(prefix, new Set([watcher]))
    this.#lengths.set(prefix.length, (this.#lengths.get(prefix.length) ?? 0) + 1)
  }

  #remove(watcher: Watcher): void {
    if (watcher.stopped) return
    watcher.stopped = true
    const { prefix, signal } = watcher.options
    signal.removeEventListener('abort', watcher.stop)
    const watchers = this.#byPrefix.get(prefix)
    watchers?.delete(watcher)
    if (watchers === undefined || watchers.size > 0) return
    this.#byPrefix.delete(prefix)
    const left = (this.#lengths.get(prefix.length) ?? 1) - 1
    if (left > 0) this.#lengths.set(prefix.length, left)
    else this.#lengths.delete(prefix.length)
  }
}

function deliverTo(watcher: Watcher, events: readonly StoreEvent[], progress: number): void {
  // An earlier watcher of the same batch may have ended this one.
  if (watcher.stopped) return
  try {
    watcher.options.onEvents(events, progress)
  } catch (error) {
    drop(watcher, error instanceof Error ? error : new Error(String(error)))
  }
}

function drop(watcher: Watcher, reason: Error): void {
  if (watcher.stopped) return
  watcher.stop()
  watcher.options.onClose?.(reason)
}

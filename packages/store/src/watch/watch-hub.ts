import type { StoreEvent, WatchOptions } from '../store.ts'

interface Watcher {
  readonly options: WatchOptions
  /** Ends it without a word. */
  readonly stop: () => void
  stopped: boolean
}

/** Who is told of the keys of one folder, `/registry/core/pods/default/`. */
interface Folder {
  /** Watchers of the folder or of what it lies in: told of all its keys. */
  readonly around: readonly ReadonlySet<Watcher>[]
  /** Lengths of the watched prefixes that end within its keys: a key is looked up once for each. */
  readonly lengths: readonly number[]
}

/** So many folders are remembered: writes come to the same few again and again. */
const REMEMBERED_FOLDERS = 1_000

/** Delivers events to those whose prefix matches; an event costs nothing to the others. */
export class WatchHub {
  readonly #byPrefix = new Map<string, Set<Watcher>>()
  /** Forgotten whenever a prefix comes or goes. */
  readonly #folders = new Map<string, Folder>()

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
      const { around, lengths } = this.#folderOf(key)
      for (const watchers of around) addTo(batches, watchers, event)
      for (const length of lengths) {
        const watchers = length <= key.length ? this.#byPrefix.get(key.slice(0, length)) : undefined
        if (watchers !== undefined) addTo(batches, watchers, event)
      }
    }
    return batches
  }

  #folderOf(key: string): Folder {
    const name = key.slice(0, key.lastIndexOf('/') + 1)
    const known = this.#folders.get(name)
    if (known !== undefined) return known
    const prefixes = [...this.#byPrefix.keys()]
    const within = prefixes.filter((prefix) => prefix.length > name.length && prefix.startsWith(name))
    const folder = {
      around: [...this.#byPrefix].filter(([prefix]) => name.startsWith(prefix)).map(([, watchers]) => watchers),
      lengths: [...new Set(within.map(({ length }) => length))],
    }
    if (this.#folders.size >= REMEMBERED_FOLDERS) this.#folders.clear()
    this.#folders.set(name, folder)
    return folder
  }

  #insert(watcher: Watcher): void {
    const { prefix } = watcher.options
    const others = this.#byPrefix.get(prefix)
    if (others !== undefined) {
      others.add(watcher)
      return
    }
    this.#byPrefix.set(prefix, new Set([watcher]))
    this.#folders.clear()
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
    this.#folders.clear()
  }
}

function addTo(batches: Map<Watcher, StoreEvent[]>, watchers: ReadonlySet<Watcher>, event: StoreEvent): void {
  for (const watcher of watchers) {
    if (event.revision <= watcher.options.afterRevision) continue
    const batch = batches.get(watcher)
    if (batch === undefined) batches.set(watcher, [event])
    else batch.push(event)
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

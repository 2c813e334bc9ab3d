/**
 * The revisioned key-value log that holds the cluster, with etcd's semantics: one global, strictly increasing
 * revision; every write gets the next one; a watch replays from any revision still in the window.
 * It knows no kinds: keys are paths such as `/pods/default/web`, values are bytes.
 *
 * Revisions are plain numbers (safe up to 2^53).
 */

export interface Entry {
  readonly key: string
  readonly value: Buffer
  /** Revision at which the key was created (since its last deletion). */
  readonly createRevision: number
  /** Revision of the last write. */
  readonly modRevision: number
}

export type StoreEvent =
  | { readonly type: 'put'; readonly entry: Entry; readonly previous: Entry | undefined; readonly revision: number }
  | { readonly type: 'delete'; readonly previous: Entry; readonly revision: number; readonly key: string }

export interface ListOptions {
  /** At most so many entries; 0 or absent: all. */
  readonly limit?: number
  /** Only keys strictly greater than this one: where the last page ended. */
  readonly after?: string
  /** The state as of this revision; absent: the newest. Throws `CompactedError` when it is no longer known. */
  readonly revision?: number
}

export interface ListResult {
  readonly entries: readonly Entry[]
  /** Revision of the snapshot that was read. */
  readonly revision: number
  /** How many keys of the prefix come after the last entry of this page, in the same snapshot. */
  readonly remaining: number
}

export interface WatchOptions {
  readonly prefix: string
  /** Deliver events with a revision strictly greater than this. Throws `CompactedError` when the window is past it. */
  readonly afterRevision: number
  readonly signal: AbortSignal
  /**
   * Called in order, in batches, never concurrently; what is already known before `watch` returns. `progress` is the
   * store's revision that the batch reaches, events of other prefixes included. Whenever a watcher isn't being called it
   * has seen everything up to the store's `revision()`: that is what a bookmark may say.
   */
  readonly onEvents: (events: readonly StoreEvent[], progress: number) => void
  /** The watcher was dropped: the store was closed, or `onEvents` threw. Not called on abort. */
  readonly onClose?: (reason: Error) => void
}

export interface Store {
  /** The last acknowledged revision. */
  revision(): number
  /** The lowest revision from which a watch or an exact list can still be served. */
  compactedRevision(): number
  /** The newest acknowledged entry. */
  get(key: string): Entry | undefined
  /**
   * The entry with writes that aren't acknowledged yet: what to base the next write on, so that many writers of one key
   * share a commit instead of conflicting. Never show it to anybody before `settled()`: it may still fail.
   */
  latest(key: string): Entry | undefined
  /** Resolves when every write begun so far is acknowledged or has failed. Never rejects. */
  settled(): Promise<void>
  list(prefix: string, options?: ListOptions): ListResult
  /**
   * Resolves once durable. Throws `KeyExistsError`, `WriteFailedError`. `value` receives the revision that the write will
   * have: stamp it into the bytes.
   */
  create(key: string, value: (revision: number) => Buffer): Promise<Entry>
  /** As `create`. Throws `RevisionConflictError` unless the key's modRevision is `expected`; `KeyNotFoundError` when it is gone. */
  update(key: string, expected: number, value: (revision: number) => Buffer): Promise<Entry>
  /** Resolves with the entry as it was and the deletion's own revision. Same errors as `update`. */
  delete(key: string, expected: number): Promise<{ readonly previous: Entry; readonly revision: number }>
  /** Never blocks writers. Events of writes are delivered only after they are durable. */
  watch(options: WatchOptions): void
  close(): Promise<void>
}

export class KeyExistsError extends Error {
  override name = 'KeyExistsError'
  readonly current: Entry
  constructor(current: Entry) {
    super(`key ${current.key} exists`)
    this.current = current
  }
}

export class KeyNotFoundError extends Error {
  override name = 'KeyNotFoundError'
}

export class RevisionConflictError extends Error {
  override name = 'RevisionConflictError'
  readonly current: Entry
  constructor(current: Entry, expected: number) {
    super(`key ${current.key} is at revision ${current.modRevision}, not ${expected}`)
    this.current = current
  }
}

/**
 * The write was not stored. `fatal`: the disk can't be trusted any more, and no write will be taken until a restart (only
 * after which it will be known whether this one is there).
 */
export class WriteFailedError extends Error {
  override name = 'WriteFailedError'
  readonly fatal: boolean
  constructor(message: string, options: { readonly fatal: boolean; readonly cause?: unknown }) {
    super(message, { cause: options.cause })
    this.fatal = options.fatal
  }
}

export class CompactedError extends Error {
  override name = 'CompactedError'
  readonly compactedRevision: number
  constructor(asked: number, compactedRevision: number) {
    super(`revision ${asked} is no longer known: the oldest is ${compactedRevision}`)
    this.compactedRevision = compactedRevision
  }
}

import { setImmediate } from 'node:timers/promises'
import type { CommitLog } from './commit-log.ts'
import { ownBytes } from './own-bytes.ts'
import type { RevisionedState } from './state/revisioned-state.ts'
import {
  type Entry,
  KeyExistsError,
  KeyNotFoundError,
  type ListOptions,
  type ListResult,
  RevisionConflictError,
  type Store,
  type StoreEvent,
  type WatchOptions,
  WriteFailedError,
} from './store.ts'
import { WatchHub } from './watch/watch-hub.ts'

/** Writes that are committed together. */
interface Group {
  readonly events: StoreEvent[]
  /** Why it did not become durable; undefined when it did. */
  readonly outcome: PromiseWithResolvers<WriteFailedError | undefined>
}

/** The newest write of a key that isn't acknowledged yet. */
interface PendingWrite {
  readonly event: StoreEvent
  readonly group: Group
}

/** Obsolete writes are removed so many at a time, so that no commit has to wait long for them. */
const COMPACTION_BATCH = 256

/**
 * The store's rules over memory and a commit log: reads see what is acknowledged, writers are checked against what is
 * pending as well, and what arrives while a group is being committed becomes the next group.
 */
export class RevisionedStore implements Store {
  readonly #state: RevisionedState
  readonly #log: CommitLog
  readonly #hub = new WatchHub()
  readonly #pending = new Map<string, PendingWrite>()
  readonly #onFailure: (error: Error) => void
  #gathering: Group | undefined
  #inFlight: Group | undefined
  #committing: Promise<void> | undefined
  #closing: Promise<void> | undefined
  #nextRevision: number
  #obsolete: number[] = []
  /** Why no write is taken any more. */
  #refusal: Error | undefined

  /** `onFailure` is told once when the log can't be trusted any more and writes are refused from then on. */
  constructor(state: RevisionedState, log: CommitLog, onFailure: (error: Error) => void = () => undefined) {
    this.#state = state
    this.#log = log
    this.#onFailure = onFailure
    this.#nextRevision = state.revision + 1
  }

  revision(): number {
    return this.#state.revision
  }

  compactedRevision(): number {
    return this.#state.compactedRevision
  }

  get(key: string): Entry | undefined {
    return this.#state.get(key)
  }

  latest(key: string): Entry | undefined {
    const pending = this.#pending.get(key)
    return pending === undefined ? this.#state.get(key) : entryAfter(pending.event)
  }

  async settled(): Promise<void> {
    await (this.#gathering ?? this.#inFlight)?.outcome.promise
  }

  list(prefix: string, options: ListOptions = {}): ListResult {
    return this.#state.list(prefix, options)
  }

  async create(key: string, value: (revision: number) => Buffer): Promise<Entry> {
    const current = this.latest(key)
    if (current !== undefined) {
      if (await this.#pendingWriteFailed(key)) return await this.create(key, value)
      throw new KeyExistsError(current)
    }
    const revision = this.#nextRevision
    const entry = { key, value: ownBytes(value(revision)), createRevision: revision, modRevision: revision }
    acknowledged(await this.#write(key, { type: 'put', entry, previous: undefined, revision }))
    return entry
  }

  async update(key: string, expected: number, value: (revision: number) => Buffer): Promise<Entry> {
    const previous = this.latest(key)
    if (previous?.modRevision !== expected) {
      if (await this.#pendingWriteFailed(key)) return await this.update(key, expected, value)
      throw mismatch(key, previous, expected)
    }
    const revision = this.#nextRevision
    const entry = { key, value: ownBytes(value(revision)), createRevision: previous.createRevision, modRevision: revision }
    acknowledged(await this.#write(key, { type: 'put', entry, previous, revision }))
    return entry
  }

  async delete(key: string, expected: number): Promise<{ readonly previous: Entry; readonly revision: number }> {
    const previous = this.latest(key)
    if (previous?.modRevision !== expected) {
      if (await this.#pendingWriteFailed(key)) return await this.delete(key, expected)
      throw mismatch(key, previous, expected)
    }
    const revision = this.#nextRevision
    acknowledged(await this.#write(key, { type: 'delete', key, previous, revision }))
    return { previous, revision }
  }

  watch(options: WatchOptions): void {
    const missed = this.#state.eventsAfter(options.afterRevision, options.prefix)
    this.#hub.add(options, missed, this.#state.revision)
  }

  /** Commits what is pending, then refuses writes; reads still work. */
  async close(): Promise<void> {
    this.#closing ??= this.#close()
    await this.#closing
  }

  async #close(): Promise<void> {
    this.#refusal ??= new WriteFailedError('the store is closed', { fatal: true })
    await this.#committing
    this.#hub.close(this.#refusal)
    await this.#log.close()
  }

  /**
   * A writer that lost against a write which isn't durable is told so only when that one is: the answer would else
   * report what may never have happened. True when it indeed failed, and the writer should be checked again.
   */
  async #pendingWriteFailed(key: string): Promise<boolean> {
    const pending = this.#pending.get(key)
    return pending !== undefined && (await pending.group.outcome.promise) !== undefined
  }

  /** Resolves when its group is durable, or with why it is not. Throws at once when no write is taken any more. */
  #write(key: string, event: StoreEvent): Promise<WriteFailedError | undefined> {
    if (this.#refusal !== undefined) throw this.#refusal
    this.#nextRevision = event.revision + 1
    this.#gathering ??= { events: [], outcome: Promise.withResolvers() }
    const group = this.#gathering
    group.events.push(event)
    this.#pending.set(key, { event, group })
    this.#committing ??= this.#commitGroups()
    return group.outcome.promise
  }

  async #commitGroups(): Promise<void> {
    // What else arrived in this turn of the event loop goes into the same group.
    await setImmediate()
    for (let group = this.#gathering; group !== undefined; group = this.#gathering) {
      this.#gathering = undefined
      this.#inFlight = group
      await this.#commit(group)
    }
    this.#inFlight = undefined
    this.#committing = undefined
  }

  async #commit(group: Group): Promise<void> {
    const obsolete = this.#obsolete.length < COMPACTION_BATCH ? [] : this.#obsolete.slice(0, COMPACTION_BATCH)
    try {
      await this.#log.commit(group.events, { compactedRevision: this.#state.compactedRevision, obsolete })
    } catch (error) {
      this.#reject(group, error)
      return
    }
    this.#obsolete.splice(0, obsolete.length)
    this.#acknowledge(group)
  }

  #acknowledge(group: Group): void {
    this.#state.apply(group.events)
    for (const event of group.events) {
      const key = event.type === 'put' ? event.entry.key : event.key
      if (this.#pending.get(key)?.event === event) this.#pending.delete(key)
    }
    group.outcome.resolve(undefined)
    this.#hub.deliver(group.events, this.#state.revision)
    for (const revision of this.#state.compact()) this.#obsolete.push(revision)
  }

  /** Whatever was gathered meanwhile was checked against the failed writes, so it fails with them. */
  #reject(group: Group, cause: unknown): void {
    const error = asWriteFailure(cause)
    const groups = this.#gathering === undefined ? [group] : [group, this.#gathering]
    this.#gathering = undefined
    this.#pending.clear()
    for (const { outcome } of groups) outcome.resolve(error)
    if (!error.fatal || this.#refusal !== undefined) return
    this.#refusal = error
    this.#onFailure(error)
  }
}

function acknowledged(failure: WriteFailedError | undefined): void {
  if (failure !== undefined) throw failure
}

function entryAfter(event: StoreEvent): Entry | undefined {
  return event.type === 'put' ? event.entry : undefined
}

function mismatch(key: string, current: Entry | undefined, expected: number): Error {
  return current === undefined ? new KeyNotFoundError(`key ${key} is not there`) : new RevisionConflictError(current, expected)
}

function asWriteFailure(cause: unknown): WriteFailedError {
  if (cause instanceof WriteFailedError) return cause
  return new WriteFailedError(`the store failed: ${cause instanceof Error ? cause.message : String(cause)}`, {
    fatal: true,
    cause,
  })
}

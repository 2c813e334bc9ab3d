import { setTimeout as sleep } from 'node:timers/promises'
import { ApiError, isExpired, isInvalid, type KindInfo } from '@skiff/api'
import { type ApiClient, endsInitialEvents, type SelectOptions, type WatchEvent } from '../api-client.ts'
import { type Backoff, type BackoffOptions, backoff } from '../backoff.ts'
import type { Log } from '../log.ts'
import { type ApiObject, keyOf, type ObjectCache } from './object-cache.ts'

export interface ReflectorOptions<T extends ApiObject> {
  readonly client: ApiClient
  readonly info: KindInfo
  readonly select: SelectOptions
  readonly cache: ObjectCache<T>
  /** The cache holds a complete list; called after every list. */
  readonly onSynced: () => void
  readonly logger: Log
  readonly signal: AbortSignal
  readonly reconnect: BackoffOptions
  readonly random: () => number
}

/** After the first break a client is back within 0.1 to 0.3 s; after a long outage they are spread over 5 to 15 s. */
export const RECONNECT: BackoffOptions = { initialMs: 200, maxMs: 10_000, factor: 2, jitter: 1 }
/** A watch that lived so long was a good one: the next break starts with the short delay again, also when breaks follow each other. */
const HEALTHY_WATCH_MS = 1_000
/** A watch is renewed after 5 to 10 minutes, at different times for different clients. */
const WATCH_MIN_SECONDS = 300
/** Of a list without WatchList. */
const PAGE_SIZE = 500

/**
 * Keeps a cache like the server's: everything once, then every change from that revision on. A break is resumed at the
 * last revision seen, so nothing is missed and nothing is listed twice; when the server no longer knows that revision,
 * everything is read again and compared.
 */
export class Reflector<T extends ApiObject> {
  readonly #options: ReflectorOptions<T>
  readonly #retry: Backoff
  /** Watch from here on; undefined: list first. */
  #revision: string | undefined
  #serverKnowsWatchList = true
  /** Aborted when there is no reason to wait any longer. */
  #hurry = new AbortController()

  constructor(options: ReflectorOptions<T>) {
    this.#options = options
    this.#retry = backoff({ ...options.reconnect, random: options.random })
  }

  /** The revision that the cache reaches; '' before the first list. */
  get revision(): string {
    return this.#revision ?? ''
  }

  /** Runs until the signal aborts. */
  async run(): Promise<void> {
    const { client, signal } = this.#options
    const stopListening = client.onReconnect(() => this.#hurry.abort())
    signal.addEventListener('abort', stopListening, { once: true })
    while (!signal.aborted) {
      const startedMs = performance.now()
      const problem = await this.#follow()
      if (signal.aborted) return
      if (performance.now() - startedMs >= HEALTHY_WATCH_MS) this.#retry.reset()
      await this.#pause(problem)
    }
  }

  /** Lists if need be, then watches until that ends; returns what ended it. */
  async #follow(): Promise<unknown> {
    try {
      if (this.#revision === undefined && !this.#serverKnowsWatchList) await this.#list()
      if (this.#revision === undefined) await this.#listAndWatch()
      else await this.#watch(this.#revision)
      return undefined
    } catch (error) {
      return error
    }
  }

  async #pause(problem: unknown): Promise<void> {
    const { info, logger, signal } = this.#options
    if (this.#revision === undefined && this.#serverKnowsWatchList && refusesWatchList(problem)) {
      this.#serverKnowsWatchList = false
      return
    }
    if (revisionIsUnknown(problem)) {
      logger.debug({ resource: info.resource, revision: this.#revision }, 'revision is no longer known, listing again')
      // The server is there and answers: this is no reason to wait as long as for one that isn't.
      if (this.#revision !== undefined) this.#retry.reset()
      this.#revision = undefined
    } else if (problem !== undefined) {
      logger.debug({ resource: info.resource, revision: this.#revision, err: problem }, 'watch broke')
    }
    await sleep(this.#retry.nextMs(), undefined, { signal: AbortSignal.any([signal, this.#hurry.signal]) }).catch(() => undefined)
    if (!this.#hurry.signal.aborted) return
    this.#hurry = new AbortController()
    this.#retry.reset()
  }

  async #list(): Promise<void> {
    const { client, info, select, cache, signal } = this.#options
    const items: T[] = []
    let next: string | undefined
    let revision: string
    do {
      const page = await client.list<T>(info, {
        ...select,
        signal,
        limit: PAGE_SIZE,
        ...(next === undefined ? {} : { continue: next }),
      })
      for (const item of page.items) items.push(withoutManagedFields(item))
      next = page.continue
      revision = page.resourceVersion
    } while (next !== undefined)
    this.#synced(items, revision, cache)
  }

  /** One stream brings both: initial events up to a bookmark, then what changes. */
  async #listAndWatch(): Promise<void> {
    const { cache } = this.#options
    let initial: Map<string, T> | undefined = new Map()
    const hear = (event: WatchEvent<T>) => {
      if (initial === undefined) {
        this.#apply(event)
      } else if (event.type === 'BOOKMARK') {
        if (!endsInitialEvents(event)) return
        this.#synced(initial.values(), event.object.metadata.resourceVersion, cache)
        initial = undefined
      } else if (event.type === 'DELETED') {
        initial.delete(keyOf(event.object))
      } else {
        initial.set(keyOf(event.object), withoutManagedFields(event.object))
      }
    }
    for await (const batch of this.#batches({ sendInitialEvents: true })) for (const event of batch) hear(event)
  }

  async #watch(revision: string): Promise<void> {
    for await (const batch of this.#batches({ resourceVersion: revision })) for (const event of batch) this.#apply(event)
  }

  #batches(
    from: { readonly sendInitialEvents: true } | { readonly resourceVersion: string },
  ): AsyncIterable<readonly WatchEvent<T>[]> {
    const { client, info, select, signal, random } = this.#options
    const timeoutSeconds = Math.round(WATCH_MIN_SECONDS * (1 + random()))
    return client.watchBatches<T>(info, { ...select, ...from, timeoutSeconds, signal })
  }

  #apply(event: WatchEvent<T>): void {
    const { cache } = this.#options
    if (event.type === 'DELETED') cache.delete(event.object)
    else if (event.type !== 'BOOKMARK') cache.put(withoutManagedFields(event.object))
    this.#revision = event.object.metadata.resourceVersion
  }

  #synced(items: Iterable<T>, revision: string, cache: ObjectCache<T>): void {
    cache.replace(items)
    this.#revision = revision
    this.#options.onSynced()
  }
}

function refusesWatchList(error: unknown): boolean {
  return isInvalid(error) || (error instanceof ApiError && error.reason === 'BadRequest')
}

/** Too old (compacted), or newer than the server is: it was restored from a backup. */
function revisionIsUnknown(error: unknown): boolean {
  if (isExpired(error)) return true
  return error instanceof ApiError && (error.details?.causes ?? []).some((cause) => cause.reason === 'ResourceVersionTooLarge')
}

/** Nobody who reads from a cache needs to know who set which field, and it is a third of an object. */
function withoutManagedFields<T extends ApiObject>(object: T): T {
  delete (object.metadata as { managedFields?: unknown }).managedFields
  return object
}

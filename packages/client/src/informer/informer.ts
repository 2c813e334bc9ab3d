import type { KindInfo } from '@skiff/api'
import type { ApiClient, SelectOptions } from '../api-client.ts'
import type { BackoffOptions } from '../backoff.ts'
import type { Snapshot } from '../checkpoint/informer-snapshot.ts'
import type { Log } from '../log.ts'
import { type ApiObject, type IndexFunction, type InformerChange, keyOf, ObjectCache } from './object-cache.ts'
import { RECONNECT, Reflector } from './reflector.ts'

export type { InformerChange } from './object-cache.ts'

export interface InformerOptions<T> extends Omit<SelectOptions, 'resourceVersion'> {
  /** Named lookups: under which values an object is found by `byIndex`. */
  readonly indexes?: Readonly<Record<string, IndexFunction<T>>>
  /** What it knows is kept there, for `restore`. */
  readonly snapshot?: Snapshot<T>
  readonly logger: Log
  readonly signal: AbortSignal
  readonly random?: () => number
  /** How long to wait before each attempt to connect again. */
  readonly reconnect?: BackoffOptions
}

/** A local copy of a kind's objects that follows the server. The objects in it are shared: copy before you change one. */
export interface Informer<T> {
  /** Starts to follow the server, until the signal aborts. */
  start(): void
  /**
   * Takes what its snapshot has for true until the server says otherwise; does nothing once the server has. What was
   * deleted meanwhile is told as deleted when the server's list comes.
   */
  restore(): Promise<void>
  /** Resolves when everything was read once, or restored; rejects when the signal aborts before. */
  readonly synced: Promise<void>
  /** Resolves when everything was read from the server once; rejects when the signal aborts before. */
  readonly current: Promise<void>
  /** `namespace/name`, or `name` for kinds without a namespace. */
  get(key: string): T | undefined
  list(): readonly T[]
  byIndex(index: string, value: string): readonly T[]
  /** Tells of every change, synchronously; of what is already there at once, as `added`. Returns how to stop it. */
  onChange(listener: (change: InformerChange<T>) => void): () => void
  /** The revision that the copy reaches; '' before the server's list. */
  revision(): string
}

/** `managedFields` are left out of the cached objects. */
export function createInformer<T extends ApiObject>(client: ApiClient, info: KindInfo, options: InformerOptions<T>): Informer<T> {
  const { indexes = {}, snapshot, logger, signal, random = Math.random, reconnect = RECONNECT, ...select } = options
  const listeners = new Set<(change: InformerChange<T>) => void>()
  const synced = resolvableUntil(signal)
  const current = resolvableUntil(signal)
  let isCurrent = false

  const tell = (listener: (change: InformerChange<T>) => void, change: InformerChange<T>) => {
    try {
      listener(change)
    } catch (error) {
      logger.error({ resource: info.resource, key: change.key, err: error }, 'informer listener failed')
    }
  }
  const cache = new ObjectCache<T>(indexes, (change) => {
    for (const listener of listeners) tell(listener, change)
    if (isCurrent) snapshot?.save(list)
  })
  const list = () => cache.list()
  const onSynced = () => {
    isCurrent = true
    snapshot?.save(list)
    synced.resolve()
    current.resolve()
  }
  const reflector = new Reflector<T>({ client, info, select, cache, onSynced, logger, signal, random, reconnect })

  let started = false
  return {
    start() {
      if (started) return
      started = true
      void reflector.run()
    },
    async restore() {
      const kept = isCurrent ? undefined : await snapshot?.load()
      if (kept === undefined || isCurrent || signal.aborted) return
      cache.replace(kept)
      synced.resolve()
    },
    synced: synced.promise,
    current: current.promise,
    get: (key) => cache.get(key),
    list,
    byIndex: (index, value) => cache.byIndex(index, value),
    onChange(listener) {
      listeners.add(listener)
      for (const object of cache.list()) tell(listener, { type: 'added', key: keyOf(object), object })
      return () => listeners.delete(listener)
    },
    revision: () => reflector.revision,
  }
}

/** Rejects when the signal aborts before; nobody has to listen. */
function resolvableUntil(signal: AbortSignal): PromiseWithResolvers<void> {
  const resolvable = Promise.withResolvers<void>()
  resolvable.promise.catch(() => undefined)
  signal.addEventListener('abort', () => resolvable.reject(signal.reason), { once: true })
  if (signal.aborted) resolvable.reject(signal.reason)
  return resolvable
}

import type { KindInfo } from '@skiff/api'
import type { Store } from '@skiff/store'
import { prefixOf } from './keys.ts'
import type { ObjectReader } from './resource-definition.ts'

interface WatchedListOptions {
  readonly store: Store
  readonly objects: ObjectReader
  readonly info: KindInfo
  readonly signal: AbortSignal
}

/** All objects of a kind in all namespaces, in order of their names; read again only after one of them has changed. */
export class WatchedList<T> {
  readonly #options: WatchedListOptions
  #known: readonly T[] | undefined

  constructor(options: WatchedListOptions) {
    this.#options = options
    this.#watch()
  }

  get(): readonly T[] {
    const { objects, info } = this.#options
    this.#known ??= objects.list<T>(info)
    return this.#known
  }

  #watch(): void {
    const { store, info, signal } = this.#options
    const forget = () => {
      this.#known = undefined
    }
    store.watch({
      prefix: prefixOf(info),
      afterRevision: store.revision(),
      signal,
      onEvents: forget,
      // dropped for being slow: what was missed doesn't matter, everything is read anew
      onClose: () => {
        forget()
        if (!signal.aborted) this.#watch()
      },
    })
  }
}

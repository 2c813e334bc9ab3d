import type { KindInfo } from '@skiff/api'
import type { Store } from '@skiff/store'
import { prefixOf } from './keys.ts'
import type { ObjectReader } from './resource-definition.ts'
import { watchChanges } from './watch-changes.ts'

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
    const { store, info, signal } = options
    const onChange = () => {
      this.#known = undefined
    }
    watchChanges({ store, prefix: prefixOf(info), signal, onChange })
  }

  get(): readonly T[] {
    const { objects, info } = this.#options
    this.#known ??= objects.list<T>(info)
    return this.#known
  }
}

import type { ObjectMeta } from '@skiff/api'

/** What an informer can hold: anything with the metadata of a stored object. */
export interface ApiObject {
  readonly metadata: ObjectMeta
}

export type IndexFunction<T> = (object: T) => readonly string[]

export interface InformerChange<T> {
  readonly type: 'added' | 'updated' | 'deleted'
  /** `namespace/name`, or `name` for kinds without a namespace. */
  readonly key: string
  /** As it is now; for `deleted`, as it was when last seen. */
  readonly object: T
  /** For `updated`: as it was before. */
  readonly previous?: T
}

/** The newest known objects of one kind by key and by index. Every change of it comes out as an `InformerChange`. */
export class ObjectCache<T extends ApiObject> {
  readonly #objects = new Map<string, T>()
  readonly #indexes: ReadonlyMap<string, { readonly of: IndexFunction<T>; readonly keys: Map<string, Set<string>> }>
  readonly #onChange: (change: InformerChange<T>) => void
  #listed: readonly T[] | undefined

  constructor(indexes: Readonly<Record<string, IndexFunction<T>>>, onChange: (change: InformerChange<T>) => void) {
    this.#indexes = new Map(Object.entries(indexes).map(([name, of]) => [name, { of, keys: new Map() }]))
    this.#onChange = onChange
  }

  get(key: string): T | undefined {
    return this.#objects.get(key)
  }

  list(): readonly T[] {
    this.#listed ??= [...this.#objects.values()]
    return this.#listed
  }

  byIndex(name: string, value: string): readonly T[] {
    const index = this.#indexes.get(name)
    if (index === undefined) throw new Error(`this informer has no index "${name}"`)
    const found: T[] = []
    for (const key of index.keys.get(value) ?? []) {
      const object = this.#objects.get(key)
      if (object !== undefined) found.push(object)
    }
    return found
  }

  /** The whole truth at once, after a list: what is missing from it was deleted while nobody looked. */
  replace(objects: Iterable<T>): void {
    const gone = new Set(this.#objects.keys())
    for (const object of objects) {
      gone.delete(keyOf(object))
      this.put(object)
    }
    for (const key of gone) this.#remove(key, this.#objects.get(key))
  }

  put(object: T): void {
    const key = keyOf(object)
    const previous = this.#objects.get(key)
    if (previous?.metadata.resourceVersion === object.metadata.resourceVersion) return
    if (previous !== undefined && previous.metadata.uid !== object.metadata.uid) {
      // Another object of the same name: the deletion in between was missed.
      this.#remove(key, previous)
      this.put(object)
      return
    }
    this.#objects.set(key, object)
    this.#listed = undefined
    this.#reindex(key, previous, object)
    this.#onChange(previous === undefined ? { type: 'added', key, object } : { type: 'updated', key, object, previous })
  }

  delete(object: T): void {
    const key = keyOf(object)
    if (this.#objects.has(key)) this.#remove(key, object)
  }

  #remove(key: string, lastSeen: T | undefined): void {
    const stored = this.#objects.get(key)
    if (stored === undefined || lastSeen === undefined) return
    this.#objects.delete(key)
    this.#listed = undefined
    this.#reindex(key, stored, undefined)
    this.#onChange({ type: 'deleted', key, object: lastSeen })
  }

  #reindex(key: string, previous: T | undefined, now: T | undefined): void {
    for (const { of, keys } of this.#indexes.values()) {
      for (const value of previous === undefined ? [] : of(previous)) {
        const entries = keys.get(value)
        entries?.delete(key)
        if (entries?.size === 0) keys.delete(value)
      }
      for (const value of now === undefined ? [] : of(now)) {
        const entries = keys.get(value)
        if (entries === undefined) keys.set(value, new Set([key]))
        else entries.add(key)
      }
    }
  }
}

export function keyOf(object: ApiObject): string {
  const { namespace, name } = object.metadata
  return namespace === undefined || namespace === '' ? name : `${namespace}/${name}`
}

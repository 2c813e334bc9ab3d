import type { KubeObject } from '@skiff/api'
import type { Entry } from '@skiff/store'
import type { ObjectCache } from './object-cache.ts'

/** One object as a verb answers it: its bytes are there, its parsed form only when somebody looks. Read only. */
export interface StoredObject {
  readonly bytes: Buffer
  readonly object: KubeObject
}

export class EntryObject implements StoredObject {
  readonly entry: Entry
  private readonly cache: ObjectCache

  constructor(entry: Entry, cache: ObjectCache) {
    this.entry = entry
    this.cache = cache
  }

  get bytes(): Buffer {
    return this.entry.value
  }

  get object(): KubeObject {
    return this.cache.get(this.entry)
  }
}

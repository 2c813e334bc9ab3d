import type { KubeObject } from '@skiff/api'
import type { Entry } from '@skiff/store'
import { decodeBytes } from './object-bytes.ts'

/** Parsed objects take several times their JSON's size: so many bytes of JSON are kept parsed, least recently used go. */
const PARSED_JSON_LIMIT_BYTES = 24 * 1024 * 1024

/** Parsed forms of store entries. What it hands out is shared: read only. */
export class ObjectCache {
  private readonly objects = new Map<Entry, KubeObject>()
  private bytes = 0
  private readonly limitBytes: number

  constructor(limitBytes = PARSED_JSON_LIMIT_BYTES) {
    this.limitBytes = limitBytes
  }

  get(entry: Entry): KubeObject {
    const known = this.objects.get(entry)
    if (known !== undefined) {
      this.objects.delete(entry)
      this.objects.set(entry, known)
      return known
    }
    const object = decodeBytes(entry.value)
    this.put(entry, object)
    return object
  }

  /** `object` is what `entry.value` says; it must not change any more. */
  put(entry: Entry, object: KubeObject): void {
    this.objects.set(entry, object)
    this.bytes += entry.value.length
    for (const [oldest] of this.objects) {
      if (this.bytes <= this.limitBytes || oldest === entry) break
      this.drop(oldest)
    }
  }

  drop(entry: Entry): void {
    if (this.objects.delete(entry)) this.bytes -= entry.value.length
  }
}

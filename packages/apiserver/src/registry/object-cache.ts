import type { KubeObject } from '@skiff/api'
import type { Entry } from '@skiff/store'
import { decodeBytes } from './object-bytes.ts'

/** Parsed objects take several times their JSON's size: so many bytes of JSON are kept parsed. */
const PARSED_JSON_LIMIT_BYTES = 24 * 1024 * 1024

/**
 * Parsed forms of store entries; what it hands out is shared: read only. Two generations: what was not used while the
 * young one filled up is dropped with the old one. That costs nothing per use, as a list of uses would.
 */
export class ObjectCache {
  private young = new Map<Entry, KubeObject>()
  private old = new Map<Entry, KubeObject>()
  private youngBytes = 0
  private readonly limitBytes: number

  constructor(limitBytes = PARSED_JSON_LIMIT_BYTES) {
    this.limitBytes = limitBytes
  }

  get(entry: Entry): KubeObject {
    const young = this.young.get(entry)
    if (young !== undefined) return young
    const object = this.old.get(entry) ?? decodeBytes(entry.value)
    this.put(entry, object)
    return object
  }

  /** `object` is what `entry.value` says; it must not change any more. */
  put(entry: Entry, object: KubeObject): void {
    if (!this.young.has(entry)) this.youngBytes += entry.value.length
    this.young.set(entry, object)
    if (this.youngBytes > this.limitBytes / 2) this.age()
  }

  drop(entry: Entry): void {
    this.old.delete(entry)
    if (this.young.delete(entry)) this.youngBytes -= entry.value.length
  }

  private age(): void {
    this.old = this.young
    this.young = new Map()
    this.youngBytes = 0
  }
}

import {
  addAmounts,
  amountsOf,
  type KindInfo,
  type KubeObject,
  quotaScopesMatch,
  quotaUsage,
  type ResourceQuota,
} from '@skiff/api'
import type { AdmissionRequest } from '../../http/request-context.ts'
import type { ObjectReader } from '../../registry/resource-definition.ts'

interface WriteUnderWay {
  readonly info: KindInfo
  readonly namespace: string
  readonly object: KubeObject
  /** Revision of the object that it replaces; 0 for a new one. */
  readonly replaces: number
}

type Usage = Readonly<Record<string, string>>

/** Measures what a namespace uses: stored objects, and those that were let in but are not stored yet. */
export class UsageMeter {
  readonly #objects: ObjectReader
  readonly #clock: () => Date
  readonly #underWay = new Set<WriteUnderWay>()
  /** Stored objects never change, so neither does what they use. */
  readonly #known = new WeakMap<KubeObject, Usage>()

  constructor({ objects, clock }: { readonly objects: ObjectReader; readonly clock: () => Date }) {
    this.#objects = objects
    this.#clock = clock
  }

  /** Counts the request's object from now on; the result ends that, when the write has ended. */
  mark({ info, namespace, object, old }: AdmissionRequest): () => void {
    if (object === undefined) return () => undefined
    const write = { info, namespace, object, replaces: Number(old?.metadata.resourceVersion ?? 0) }
    this.#underWay.add(write)
    return () => this.#underWay.delete(write)
  }

  /** What objects of this kind use of these names, each name at least 0. */
  measure(quota: ResourceQuota, info: KindInfo, names: readonly string[]): Usage {
    let total: Usage = Object.fromEntries(names.map((name) => [name, '0']))
    for (const object of this.#counted(info, quota.metadata.namespace ?? '')) {
      if (quotaScopesMatch(quota, info, object)) total = addAmounts(total, amountsOf(this.#usage(info, object), names))
    }
    return total
  }

  /** The objects as they will be when all that is under way is stored. */
  #counted(info: KindInfo, namespace: string): readonly KubeObject[] {
    const stored = this.#objects.list(info, namespace)
    const waiting = [...this.#underWay].filter((write) => {
      return write.namespace === namespace && write.info.resource === info.resource && write.info.group === info.group
    })
    if (waiting.length === 0) return stored
    const byUid = new Map(stored.map((object) => [object.metadata.uid, object]))
    for (const { object, replaces } of waiting) {
      const known = byUid.get(object.metadata.uid)
      // It is stored by now, or something newer is.
      if (known !== undefined && Number(known.metadata.resourceVersion) > replaces) continue
      byUid.set(object.metadata.uid, object)
    }
    return [...byUid.values()]
  }

  #usage(info: KindInfo, object: KubeObject): Usage {
    const known = this.#known.get(object)
    if (known !== undefined) return known
    const usage = quotaUsage(info, object, this.#clock())
    // Grace runs out by itself, and what is under way may still be completed.
    const mayChange = object.metadata.deletionTimestamp !== undefined || !object.metadata.resourceVersion
    if (!mayChange) this.#known.set(object, usage)
    return usage
  }
}

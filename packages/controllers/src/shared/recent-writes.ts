import { type KubeObject, keyOf, type ObjectMeta } from '@skiff/api'
import type { Informer } from '@skiff/client'

type Written = Pick<KubeObject, 'metadata'>

/**
 * What a controller wrote and its informer hasn't shown yet, laid over what the informer shows: so a controller that
 * runs again before its own writes come back neither creates nor deletes twice. (Upstream counts such expectations;
 * revisions make counting unnecessary.) Nothing is lost when it is lost: a restart begins with a fresh list.
 */
export class RecentWrites<T extends Written> {
  readonly #informer: Pick<Informer<T>, 'get' | 'revision'>
  /** By uid of the owner. */
  readonly #created = new Map<string, T[]>()
  readonly #deletedUids = new Map<string, string>()

  constructor(informer: Pick<Informer<T>, 'get' | 'revision'>) {
    this.#informer = informer
  }

  created(ownerUid: string, object: T): void {
    const known = this.#created.get(ownerUid)
    if (known) known.push(object)
    else this.#created.set(ownerUid, [object])
  }

  deleted(object: T): void {
    this.#deletedUids.set(object.metadata.uid, keyOf(object))
  }

  /** `objects` of this owner as they are after our own writes. */
  overlay(ownerUid: string, objects: readonly T[]): T[] {
    this.#dropSeenDeletions()
    const unseen = (this.#created.get(ownerUid) ?? []).filter((object) => !this.#wasSeen(object.metadata))
    if (unseen.length > 0) this.#created.set(ownerUid, unseen)
    else this.#created.delete(ownerUid)
    return [...objects, ...unseen].filter(({ metadata }) => !this.#deletedUids.has(metadata.uid))
  }

  #wasSeen({ resourceVersion }: ObjectMeta): boolean {
    return Number(this.#informer.revision()) >= Number(resourceVersion)
  }

  #dropSeenDeletions(): void {
    for (const [uid, key] of this.#deletedUids) {
      const shown = this.#informer.get(key)
      const stillUntouched = shown?.metadata.uid === uid && !shown.metadata.deletionTimestamp
      if (!stillUntouched) this.#deletedUids.delete(uid)
    }
  }
}

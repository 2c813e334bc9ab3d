import type { ObjectMeta } from '@skiff/api'
import type { Informer } from '@skiff/client'

/**
 * Remembers, for each key, the revision of the controller's last write to an informer's kind. Until the informer's copy
 * reaches it, the copy would mislead; the event that brings it there adds the key again.
 */
export class OwnWrites {
  readonly #informer: Pick<Informer<never>, 'revision'>
  readonly #revisions = new Map<string, number>()

  constructor(informer: Pick<Informer<never>, 'revision'>) {
    this.#informer = informer
  }

  wrote(key: string, { metadata }: { readonly metadata: ObjectMeta }): void {
    this.#revisions.set(key, Math.max(this.#revisions.get(key) ?? 0, Number(metadata.resourceVersion)))
  }

  areSeen(key: string): boolean {
    const written = this.#revisions.get(key)
    if (written === undefined) return true
    if (Number(this.#informer.revision()) < written) return false
    this.#revisions.delete(key)
    return true
  }

  forget(key: string): void {
    this.#revisions.delete(key)
  }
}

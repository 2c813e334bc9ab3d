import type { RemovableImage } from '../runtime/runtime.ts'
import type { ImageStore } from './image-store.ts'
import type { PullRecords } from './pull-records.ts'
import { completeName, parseReference, repositoryOf } from './reference.ts'

/** An image that a pod was just given has no container yet that would hold it. */
const ABOUT_TO_BE_USED_MS = 60_000

interface ImageUseOptions {
  readonly store: ImageStore
  readonly records: PullRecords
  /** Whether images that somebody else brought here may go as well. */
  readonly removeForeign: boolean
  readonly isKept: (names: readonly string[]) => boolean
  readonly now: () => Date
}

/** Knows when each image was last used, and which may go. Forgotten with the agent: it sees them anew then, as the kubelet does. */
export class ImageUse {
  readonly #options: ImageUseOptions
  readonly #firstSeenMs = new Map<string, number>()
  readonly #lastUsedMs = new Map<string, number>()
  readonly #givenMs = new Map<string, number>()

  constructor(options: ImageUseOptions) {
    this.#options = options
  }

  /** A pod was told to use it. */
  given(imageId: string): void {
    const nowMs = this.#options.now().getTime()
    this.#lastUsedMs.set(imageId, nowMs)
    this.#givenMs.set(imageId, nowMs)
  }

  async removable(): Promise<readonly RemovableImage[]> {
    const { store, records, isKept, now } = this.#options
    const nowMs = now().getTime()
    const [images, used] = await Promise.all([store.list(), store.inUse()])
    const ids = new Set(images.map(({ id }) => id))
    await records.keepOnly(ids)
    for (const map of [this.#firstSeenMs, this.#lastUsedMs, this.#givenMs]) {
      for (const id of map.keys()) if (!ids.has(id)) map.delete(id)
    }
    const found: RemovableImage[] = []
    for (const { id, names, sizeBytes } of images) {
      const firstSeenMs = this.#firstSeenMs.get(id) ?? nowMs
      this.#firstSeenMs.set(id, firstSeenMs)
      const isUsed = [id, ...names.map(completeName)].some((name) => used.has(name))
      if (isUsed) this.#lastUsedMs.set(id, nowMs)
      if (isUsed || isKept(names) || nowMs - (this.#givenMs.get(id) ?? -Infinity) < ABOUT_TO_BE_USED_MS) continue
      if (!(await this.#mayGo(id, names))) continue
      found.push({ id, names, sizeBytes, firstSeenMs, lastUsedMs: this.#lastUsedMs.get(id) ?? firstSeenMs })
    }
    return found
  }

  /** Takes its names away one by one, unforced: what is used by now stays with the engine. */
  async remove({ id, names }: RemovableImage): Promise<boolean> {
    const { store } = this.#options
    for (const name of names) await store.untag(name)
    if ((await store.inspect(id)) !== undefined) await store.untag(id)
    return (await store.inspect(id)) === undefined
  }

  /** This agent fetched it, and nobody gave it a name of his own since: on a developer's host his images never vanish. */
  async #mayGo(id: string, names: readonly string[]): Promise<boolean> {
    const { records, removeForeign } = this.#options
    if (removeForeign) return true
    const record = await records.find(id)
    return record !== undefined && names.every((name) => repositoryOf(parseReference(name)) in record.repositories)
  }
}

import type { ApiClient } from '@skiff/client'
import { type DiscoveredKind, discoverKinds } from './discovery.ts'

/** How often the server is asked again for kinds that it didn't have. */
const ASK_AGAIN_MS = 2_000

/** The kinds that the server serves; asked again when one is missing, because custom kinds come and go. */
export class KnownKinds {
  readonly #client: ApiClient
  readonly #now: () => number
  #kinds: readonly DiscoveredKind[] = []
  #askedAt = Number.NEGATIVE_INFINITY

  /** @param now milliseconds that never jump */
  constructor(client: ApiClient, now: () => number) {
    this.#client = client
    this.#now = now
  }

  /** The next question goes to the server: kinds have come or gone. */
  forget(): void {
    this.#askedAt = Number.NEGATIVE_INFINITY
    this.#kinds = []
  }

  /** Those for which `wanted` holds; `enough` says whether something is missing among them. */
  async select(
    wanted: (kind: DiscoveredKind) => boolean,
    enough: (found: readonly DiscoveredKind[]) => boolean,
  ): Promise<readonly DiscoveredKind[]> {
    const known = this.#kinds.filter(wanted)
    if (enough(known) || this.#now() - this.#askedAt < ASK_AGAIN_MS) return known
    this.#askedAt = this.#now()
    this.#kinds = (await discoverKinds(this.#client)).kinds
    return this.#kinds.filter(wanted)
  }
}

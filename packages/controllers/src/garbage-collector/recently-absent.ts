const CAPACITY = 2_000

/** Uids of objects that are certainly gone: a uid never comes back. Keeps the newest. */
export class RecentlyAbsent {
  readonly #uids = new Set<string>()

  add(uid: string): void {
    this.#uids.add(uid)
    if (this.#uids.size <= CAPACITY) return
    const [oldest] = this.#uids
    if (oldest !== undefined) this.#uids.delete(oldest)
  }

  has(uid: string): boolean {
    return this.#uids.has(uid)
  }
}

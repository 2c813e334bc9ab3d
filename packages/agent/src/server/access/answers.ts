/** More than ever ask one agent; beyond it everything is asked anew. */
const MOST_KEPT = 1_000

/** Answers of the master's, kept for a while; one that is asked for twice at once is fetched once. */
export class Answers<T> {
  readonly #now: () => Date
  readonly #kept = new Map<string, { readonly answer: Promise<T>; until: number }>()

  constructor(now: () => Date) {
    this.#now = now
  }

  /** @param keptMs how long an answer holds; errors aren't kept */
  async answer(key: string, ask: () => Promise<T>, keptMs: (answer: T) => number): Promise<T> {
    const known = this.#kept.get(key)
    if (known !== undefined && known.until > this.#now().getTime()) return await known.answer
    if (this.#kept.size >= MOST_KEPT) this.#kept.clear()
    const fresh = { answer: ask(), until: Number.POSITIVE_INFINITY }
    this.#kept.set(key, fresh)
    try {
      const answer = await fresh.answer
      fresh.until = this.#now().getTime() + keptMs(answer)
      return answer
    } catch (error) {
      this.#kept.delete(key)
      throw error
    }
  }
}

const FIRST_MS = 100

/**
 * When a container is asked again. One that is awaited is asked soon, and ever more slowly up to its period, so that a pod
 * is ready soon after its process listens and not at the end of a period; from its first success on the period counts.
 */
export class ProbePace {
  readonly #periodMs: number
  #isAwaited: boolean
  #nextMs = FIRST_MS
  #countedAtMs = performance.now()

  constructor(periodMs: number, isAwaited: boolean) {
    this.#periodMs = periodMs
    this.#isAwaited = isAwaited
  }

  /** Says whether this result counts: of the failures in between, one a period does, as if nobody had asked more often. */
  noteResult(ok: boolean): boolean {
    if (ok) this.#isAwaited = false
    if (!this.#isAwaited) return true
    const nowMs = performance.now()
    if (nowMs - this.#countedAtMs < this.#periodMs) return false
    this.#countedAtMs = nowMs
    return true
  }

  nextMs(): number {
    if (!this.#isAwaited) return this.#periodMs
    const nextMs = this.#nextMs
    this.#nextMs = Math.min(this.#periodMs, nextMs * 2)
    return Math.min(this.#periodMs, nextMs)
  }
}

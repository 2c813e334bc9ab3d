const SOON_MS = 50
/** Containers are asked on common ticks: waking up for each of them costs the agent as much as asking. Periods are multiples. */
const TICK_MS = 100
/** Of the time that a container has been awaited: so much later than it could be, at most, it is found to be ready. */
const LATER_SHARE = 0.25

/**
 * When a container is asked again. One that is awaited is asked soon, and ever more slowly up to its period, so that a pod
 * is ready soon after its process listens and not at the end of a period; from its first success on the period counts.
 */
export class ProbePace {
  readonly #periodMs: number
  #isAwaited: boolean
  readonly #beginMs = performance.now()
  #countedAtMs = this.#beginMs
  /** The tick from which periods count. */
  #tickMs = nearestTick(this.#beginMs)

  constructor(periodMs: number, isAwaited: boolean) {
    this.#periodMs = periodMs
    this.#isAwaited = isAwaited
  }

  /** Says whether this result counts: of the failures in between, one a period does, as if nobody had asked more often. */
  noteResult(ok: boolean): boolean {
    const nowMs = performance.now()
    if (ok && this.#isAwaited) {
      this.#isAwaited = false
      this.#tickMs = nearestTick(nowMs)
    }
    if (!this.#isAwaited) return true
    if (nowMs - this.#countedAtMs < this.#periodMs) return false
    this.#countedAtMs = nowMs
    return true
  }

  nextMs(): number {
    const nowMs = performance.now()
    if (!this.#isAwaited) return this.#periodMs - ((nowMs - this.#tickMs) % this.#periodMs)
    const pauseMs = Math.max(SOON_MS, Math.round((nowMs - this.#beginMs) * LATER_SHARE))
    return Math.max(0, Math.min(pauseMs, this.#countedAtMs + this.#periodMs - nowMs))
  }
}

function nearestTick(ms: number): number {
  return Math.round(ms / TICK_MS) * TICK_MS
}

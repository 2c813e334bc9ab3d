/** What nobody waits for is written with what comes next, at the latest after so long: each write costs the whole cluster. */
const QUIET_MS = 1_000
/** Pods that come together take turns, about as fast as they start: most have louder news before it is theirs. */
const TURN_MS = 250
const LONGEST_MS = 15_000

/** When quiet news of a pod is written: one for all pods of an agent. */
export class QuietPace {
  #lastTurnMs = Number.NEGATIVE_INFINITY

  /** How long the next one may wait for something louder. */
  waitMs(): number {
    const nowMs = performance.now()
    this.#lastTurnMs = Math.min(nowMs + LONGEST_MS, Math.max(nowMs + QUIET_MS, this.#lastTurnMs + TURN_MS))
    return this.#lastTurnMs - nowMs
  }
}

/** What nobody waits for is written with what comes next, at the latest after so long. */
const QUIET_MS = 500
/** Between two writes: in a roll-out pods come and go closely, and each write costs every host a look at it. */
const PAUSE_MS = 100

/** When a Service's slices may be written. */
export class WritePace {
  readonly #quietSince = new Map<string, number>()
  readonly #writtenAt = new Map<string, number>()

  /** For so long the change that there is now should wait for others; 0: not at all. */
  waitMs(key: string, { isQuiet, nowMs }: { readonly isQuiet: boolean; readonly nowMs: number }): number {
    const pauseMs = left(this.#writtenAt.get(key), PAUSE_MS, nowMs)
    if (!isQuiet) return pauseMs
    const since = this.#quietSince.get(key) ?? nowMs
    this.#quietSince.set(key, since)
    return Math.max(pauseMs, left(since, QUIET_MS, nowMs))
  }

  wrote(key: string, nowMs: number): void {
    this.#quietSince.delete(key)
    this.#writtenAt.set(key, nowMs)
  }

  /** There is nothing to write. */
  isRight(key: string): void {
    this.#quietSince.delete(key)
  }

  forget(key: string): void {
    this.#quietSince.delete(key)
    this.#writtenAt.delete(key)
  }
}

/** Nothing when the clock was set back meanwhile. */
function left(sinceMs: number | undefined, durationMs: number, nowMs: number): number {
  if (sinceMs === undefined || sinceMs > nowMs) return 0
  return Math.max(0, sinceMs + durationMs - nowMs)
}

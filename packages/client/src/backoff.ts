export interface BackoffOptions {
  readonly initialMs: number
  readonly maxMs: number
  /** Each delay is this many times the last; default 2. */
  readonly factor?: number
  /** Share of a delay that is random: 0.5 gives 0.75 to 1.25 of it; default 0. */
  readonly jitter?: number
  readonly random?: () => number
}

export interface Backoff {
  /** The delay to wait before the next attempt; each call is longer, up to `maxMs`. */
  nextMs(): number
  /** Start again at `initialMs`: the last attempt went well. */
  reset(): void
}

/** Exponential delays with jitter, so that many clients that failed together don't come back together. */
export function backoff(options: BackoffOptions): Backoff {
  const { initialMs, maxMs, factor = 2, jitter = 0, random = Math.random } = options
  let attempt = 0
  return {
    nextMs() {
      const delay = Math.min(maxMs, initialMs * factor ** attempt)
      if (delay < maxMs) attempt += 1
      return delay * (1 + jitter * (random() - 0.5))
    },
    reset() {
      attempt = 0
    },
  }
}

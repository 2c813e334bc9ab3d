import { setTimeout as delay } from 'node:timers/promises'

/** CPU time since `since`, in nanoseconds. */
export interface CpuTime {
  readonly ns: number
  readonly since: Date
}

export interface CpuRatesOptions {
  /** By container id, or whatever else has its own count. */
  readonly read: () => ReadonlyMap<string, CpuTime>
  readonly now: () => Date
  readonly signal: AbortSignal
}

interface Look {
  readonly at: number
  readonly times: ReadonlyMap<string, CpuTime>
}

/** The kubelet's housekeeping interval; nobody looks unless somebody has asked lately. */
export const LOOK_MS = 10_000
const ASKED_LATELY_MS = 120_000
const SECOND_LOOK_MS = 1_000
/** A rate over less than this says little; timers may be a little early. */
const LEAST_WINDOW_MS = 900
const WANTED_WINDOW_MS = 5_000

/**
 * How fast CPU time is used: two looks at the counters, and their distance. Who asks first waits a second for the second look;
 * from then on somebody looks every ten seconds, until nobody has asked for two minutes.
 */
export class CpuRates {
  readonly #options: CpuRatesOptions
  /** Newest last; as many as the rates need. */
  #looks: readonly Look[] = []
  #askedAt = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | undefined
  #second: Promise<void> | undefined

  constructor(options: CpuRatesOptions) {
    this.#options = options
    options.signal.addEventListener('abort', () => this.#stop(), { once: true })
  }

  /** In nanocores (billionths of a processor), by the names that `read` gives. */
  async rates(): Promise<ReadonlyMap<string, number>> {
    this.#askedAt = this.#nowMs()
    this.#look()
    this.#keepLooking()
    if (this.#window() < LEAST_WINDOW_MS) {
      this.#second ??= this.#lookAgain()
      await this.#second
    }
    return this.#computed()
  }

  #computed(): ReadonlyMap<string, number> {
    const newest = this.#looks.at(-1)
    const before = this.#base()
    if (newest === undefined || before === undefined) return new Map()
    return new Map(
      [...newest.times].map(([name, time]) => {
        const ns = before === newest ? undefined : before.times.get(name)?.ns
        return [name, rateOf(time, newest.at, ns === undefined ? undefined : { ns, at: before.at })]
      }),
    )
  }

  /** The newest look that is far enough from the last one, else the oldest. */
  #base(): Look | undefined {
    const newestAt = this.#looks.at(-1)?.at ?? 0
    return this.#looks.findLast(({ at }) => newestAt - at >= WANTED_WINDOW_MS) ?? this.#looks[0]
  }

  #window(): number {
    return (this.#looks.at(-1)?.at ?? 0) - (this.#base()?.at ?? 0)
  }

  #look(): void {
    const at = this.#nowMs()
    const last = this.#looks.at(-1)
    if (last !== undefined && at - last.at < LEAST_WINDOW_MS) return
    this.#looks = [...this.#looks.filter((look) => at - look.at <= 2 * LOOK_MS), { at, times: this.#options.read() }]
  }

  async #lookAgain(): Promise<void> {
    await delay(SECOND_LOOK_MS, undefined, { signal: this.#options.signal }).catch(() => undefined)
    this.#look()
    this.#second = undefined
  }

  #keepLooking(): void {
    if (this.#options.signal.aborted) return
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      if (this.#nowMs() - this.#askedAt > ASKED_LATELY_MS) return this.#stop()
      this.#look()
      this.#keepLooking()
    }, LOOK_MS).unref()
  }

  #stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#looks = []
  }

  #nowMs(): number {
    return this.#options.now().getTime()
  }
}

/** What wasn't there at the earlier look has come since: all of its time counts. */
function rateOf(time: CpuTime, at: number, earlier: { readonly ns: number; readonly at: number } | undefined): number {
  const start = earlier === undefined || earlier.ns > time.ns ? { ns: 0, at: time.since.getTime() } : earlier
  const ms = at - start.at
  return ms <= 0 ? 0 : Math.max(0, Math.round(((time.ns - start.ns) / ms) * 1000))
}

/**
 * All requests are served by one thread. Were each begun as soon as it was read, a hundred long ones that arrived together
 * would be served before the next socket is looked at, whatever the next request's priority. So only so much is begun in one turn of
 * the event loop; what is left waits in its line, and whoever arrives meanwhile gets a place before it if that is due.
 */
export interface TurnsOptions {
  /** Monotonic milliseconds. */
  readonly clock: () => number
  /** Runs the callback once what arrived meanwhile was read. */
  readonly nextTurn: (callback: () => void) => void
  /** Seats one who waits; false when nobody can be seated. */
  readonly seatNext: () => boolean
}

/** Of work that is begun in one turn. */
const TURN_MS = 4
/** Assumed until measured. */
const FIRST_ESTIMATE_MS = 1
const MOST_PER_TURN = 64
/** Weight of the newest turn in the estimate. */
const SMOOTHING = 0.3

export class Turns {
  readonly #options: TurnsOptions
  #began: number | undefined
  #draining = false
  #estimateMs = FIRST_ESTIMATE_MS
  #next: Promise<void> | undefined

  constructor(options: TurnsOptions) {
    this.#options = options
  }

  /**
   * Resolves when all that has arrived is read, for all who ask in this turn at once: they do each step together, before the
   * first does the next one. Many requests cost a third less when the code of a step stays at hand for all of them.
   */
  together(): Promise<void> {
    this.#next ??= new Promise((resolve) => {
      this.#options.nextTurn(() => {
        this.#next = undefined
        resolve()
      })
    })
    return this.#next
  }

  /** Resolves then as well, but for one after the other, so that `hasTime` knows what those before have cost. */
  oneByOne(): Promise<void> {
    return new Promise((resolve) => this.#options.nextTurn(resolve))
  }

  /** Whether one more request may begin in this turn. */
  hasTime(): boolean {
    const now = this.#options.clock()
    if (this.#began === undefined) {
      this.#began = now
      this.#options.nextTurn(() => {
        this.#began = undefined
      })
    }
    return now - this.#began < TURN_MS
  }

  /** Somebody waits, or a seat became free. */
  drain(): void {
    if (this.#draining) return
    this.#draining = true
    this.#options.nextTurn(() => this.#seatSome())
  }

  #seatSome(): void {
    const most = Math.max(1, Math.min(MOST_PER_TURN, Math.floor(TURN_MS / this.#estimateMs)))
    const began = this.#options.clock()
    let seated = 0
    while (seated < most && this.#options.seatNext()) seated += 1
    if (seated === 0) {
      this.#draining = false
      return
    }
    // What was seated runs before the next turn begins: that is how long it takes.
    this.#options.nextTurn(() => {
      const each = (this.#options.clock() - began) / seated
      this.#estimateMs += SMOOTHING * (each - this.#estimateMs)
      this.#seatSome()
    })
  }
}

/** Who waits for a seat, and how the wait ends. */
export interface Waiter {
  /** Gives the seat. */
  readonly seated: () => void
}

export interface LevelLimits {
  /** Requests that are served at a time. */
  readonly seats: number
  /** Requests that wait, of one flow and altogether; 0: nobody waits. */
  readonly waitingPerFlow: number
  readonly waiting: number
}

interface Flow {
  readonly waiting: Waiter[]
  running: number
  /** How much of the level's time the flow has had, or is taken to have had: the least is served next. */
  served: number
}

/** What a request is taken to cost before it is known, in milliseconds. */
const EXPECTED_MS = 2
/** Flows that neither run nor wait are forgotten when there are so many. */
const REMEMBERED_FLOWS = 1_000

/**
 * One priority level: so many seats, and behind them a line for each flow. The flow that had the least time is served
 * next, so that a flow gets its share however many requests another one sends.
 */
export class FairLevel {
  readonly #flows = new Map<string, Flow>()
  #limits: LevelLimits
  #running = 0
  #waiting = 0
  /** The time that the flow served last had had: one that was away doesn't make up for it. */
  #now = 0

  constructor(limits: LevelLimits) {
    this.#limits = limits
  }

  set limits(limits: LevelLimits) {
    this.#limits = limits
  }

  get waiting(): number {
    return this.#waiting
  }

  get running(): number {
    return this.#running
  }

  get hasFreeSeat(): boolean {
    return this.#running < this.#limits.seats
  }

  /** Takes a seat at once; the caller has made sure that one is free and nobody waits. */
  sit(name: string): void {
    this.#start(this.#flow(name))
  }

  /** False: the line is full. */
  wait(name: string, waiter: Waiter): boolean {
    const flow = this.#flow(name)
    // Who could sit waits only for the turn, also where nobody may wait for a seat.
    const { seats, waitingPerFlow, waiting } = this.#limits
    const free = seats - this.#running
    if (this.#waiting >= Math.max(waiting, free) || flow.waiting.length >= Math.max(waitingPerFlow, free)) return false
    flow.waiting.push(waiter)
    this.#waiting += 1
    return true
  }

  /** Whether it still waited. */
  leave(name: string, waiter: Waiter): boolean {
    const waiting = this.#flows.get(name)?.waiting ?? []
    const place = waiting.indexOf(waiter)
    if (place < 0) return false
    waiting.splice(place, 1)
    this.#waiting -= 1
    return true
  }

  /** Gives a free seat to the next one who waits. False: there was none of either. */
  seatNext(): boolean {
    if (!this.hasFreeSeat || this.#waiting === 0) return false
    let next: Flow | undefined
    for (const flow of this.#flows.values()) {
      if (flow.waiting.length > 0 && (next === undefined || flow.served < next.served)) next = flow
    }
    const waiter = next?.waiting.shift()
    if (next === undefined || waiter === undefined) return false
    this.#waiting -= 1
    this.#start(next)
    waiter.seated()
    return true
  }

  /** The seat is free again, after so many milliseconds. */
  rise(name: string, tookMs: number): void {
    const flow = this.#flow(name)
    flow.running -= 1
    flow.served += tookMs - EXPECTED_MS
    this.#running -= 1
    if (this.#flows.size > REMEMBERED_FLOWS) this.#forget()
  }

  #start(flow: Flow): void {
    this.#now = Math.max(this.#now, flow.served)
    flow.served += EXPECTED_MS
    flow.running += 1
    this.#running += 1
  }

  #flow(name: string): Flow {
    const known = this.#flows.get(name)
    if (known !== undefined) {
      if (known.running === 0 && known.waiting.length === 0) known.served = Math.max(known.served, this.#now)
      return known
    }
    const flow = { waiting: [], running: 0, served: this.#now }
    this.#flows.set(name, flow)
    return flow
  }

  #forget(): void {
    for (const [name, flow] of this.#flows) if (flow.running === 0 && flow.waiting.length === 0) this.#flows.delete(name)
  }
}

/** At most so many at once; the others wait their turn, first come, first served, and those that are urgent before all others. */
export class Semaphore {
  readonly #urgent: (() => void)[] = []
  readonly #waiting: (() => void)[] = []
  #free: number

  constructor(places: number) {
    this.#free = places
  }

  async run<T>(work: () => Promise<T>, { isUrgent = false } = {}): Promise<T> {
    const queue = isUrgent ? this.#urgent : this.#waiting
    if (this.#free > 0) this.#free -= 1
    else await new Promise<void>((resolve) => queue.push(resolve))
    try {
      return await work()
    } finally {
      const next = this.#urgent.shift() ?? this.#waiting.shift()
      if (next === undefined) this.#free += 1
      else next()
    }
  }
}

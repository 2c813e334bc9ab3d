/** So many tasks at a time; the others wait their turn, until their signal aborts. */
export class TaskSlots {
  readonly #waiting = new Set<() => void>()
  #free: number

  constructor(slots: number) {
    this.#free = slots
  }

  async run<T>(signal: AbortSignal, task: () => Promise<T>): Promise<T> {
    await this.#take(signal)
    try {
      return await task()
    } finally {
      this.#give()
    }
  }

  async #take(signal: AbortSignal): Promise<void> {
    if (this.#free > 0) {
      this.#free--
      return
    }
    await new Promise<void>((resolve, reject) => {
      const abort = () => {
        this.#waiting.delete(enter)
        reject(signal.reason)
      }
      const enter = () => {
        signal.removeEventListener('abort', abort)
        resolve()
      }
      signal.addEventListener('abort', abort, { once: true })
      this.#waiting.add(enter)
    })
  }

  /** The place goes straight to who has waited longest. */
  #give(): void {
    const [next] = this.#waiting
    if (next === undefined) {
      this.#free++
      return
    }
    this.#waiting.delete(next)
    next()
  }
}

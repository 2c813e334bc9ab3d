interface Appointment {
  readonly key: string
  readonly atMs: number
}

/** Calls `onDue` for each key at its time, with one timer and a binary heap however many keys there are. */
export class Timetable {
  readonly #onDue: (key: string) => void
  readonly #heap: Appointment[] = []
  /** The appointment of a key that counts; others of the same key in the heap are stale. */
  readonly #current = new Map<string, Appointment>()
  #timer: NodeJS.Timeout | undefined

  constructor(onDue: (key: string) => void) {
    this.#onDue = onDue
  }

  /** An earlier appointment of the same key stays; a later one is moved forward. */
  schedule(key: string, delayMs: number): void {
    const atMs = performance.now() + delayMs
    const existing = this.#current.get(key)
    if (existing !== undefined && existing.atMs <= atMs) return
    const appointment = { key, atMs }
    this.#current.set(key, appointment)
    this.#push(appointment)
    if (this.#heap[0] === appointment) this.#setTimer()
  }

  clear(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#heap.length = 0
    this.#current.clear()
  }

  #setTimer(): void {
    clearTimeout(this.#timer)
    const next = this.#heap[0]
    this.#timer = next && setTimeout(() => this.#fire(), Math.min(Math.max(0, next.atMs - performance.now()), LONGEST_TIMER_MS))
  }

  #fire(): void {
    const now = performance.now()
    for (let next = this.#heap[0]; next !== undefined && next.atMs <= now; next = this.#heap[0]) {
      this.#pop()
      if (this.#current.get(next.key) !== next) continue
      this.#current.delete(next.key)
      this.#onDue(next.key)
    }
    this.#setTimer()
  }

  #push(appointment: Appointment): void {
    const heap = this.#heap
    let child = heap.push(appointment) - 1
    while (child > 0) {
      const parent = (child - 1) >> 1
      if (atMs(heap[parent]) <= appointment.atMs) break
      swap(heap, child, parent)
      child = parent
    }
  }

  #pop(): void {
    const heap = this.#heap
    swap(heap, 0, heap.length - 1)
    heap.pop()
    let parent = 0
    for (;;) {
      const left = 2 * parent + 1
      const smaller = atMs(heap[left + 1]) < atMs(heap[left]) ? left + 1 : left
      if (atMs(heap[smaller]) >= atMs(heap[parent])) return
      swap(heap, parent, smaller)
      parent = smaller
    }
  }
}

/** setTimeout fires at once for anything longer. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

function atMs(appointment: Appointment | undefined): number {
  return appointment?.atMs ?? Number.POSITIVE_INFINITY
}

function swap(heap: Appointment[], a: number, b: number): void {
  const first = heap[a]
  const second = heap[b]
  if (first === undefined || second === undefined) return
  heap[a] = second
  heap[b] = first
}

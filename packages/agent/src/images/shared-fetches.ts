/** What a fetch tells those who wait for it. */
export type Notify<P> = (progress: P) => void

interface Fetch<T, P> {
  readonly result: Promise<T>
  readonly listeners: Set<Notify<P>>
  /** For those who come later. */
  readonly told: P[]
  readonly abort: AbortController
}

/** One fetch per key, however many ask for it. It is given up when the last who asked has. */
export class SharedFetches<T, P> {
  readonly #running = new Map<string, Fetch<T, P>>()

  async join(
    key: string,
    waiter: { readonly notify: Notify<P>; readonly signal: AbortSignal },
    start: (notify: Notify<P>, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    waiter.signal.throwIfAborted()
    const fetch = this.#running.get(key) ?? this.#begin(key, start)
    const notify: Notify<P> = (progress) => waiter.notify(progress)
    fetch.listeners.add(notify)
    for (const progress of fetch.told) notify(progress)
    try {
      return await Promise.race([fetch.result, rejectionOf(waiter.signal)])
    } finally {
      fetch.listeners.delete(notify)
      if (fetch.listeners.size === 0) this.#abandon(key, fetch)
    }
  }

  #begin(key: string, start: (notify: Notify<P>, signal: AbortSignal) => Promise<T>): Fetch<T, P> {
    const abort = new AbortController()
    const listeners = new Set<Notify<P>>()
    const told: P[] = []
    const notifyAll: Notify<P> = (progress) => {
      told.push(progress)
      for (const notify of listeners) notify(progress)
    }
    // Starts in the next turn, when the first listener is there.
    const result = Promise.resolve().then(() => start(notifyAll, abort.signal))
    const fetch = { result, listeners, told, abort }
    this.#running.set(key, fetch)
    result.catch(() => {}).finally(() => this.#forget(key, fetch))
    return fetch
  }

  #abandon(key: string, fetch: Fetch<T, P>): void {
    this.#forget(key, fetch)
    fetch.abort.abort()
  }

  #forget(key: string, fetch: Fetch<T, P>): void {
    if (this.#running.get(key) === fetch) this.#running.delete(key)
  }
}

function rejectionOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
}

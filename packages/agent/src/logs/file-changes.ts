import { type FSWatcher, watch } from 'node:fs'
import { dirname } from 'node:path'

/** Events of the file system are not promised to come: look again after so long. */
const LOOK_AGAIN_MS = 1_000

/** Resolves `next` when something in the log's directory has changed since the last call, or after a while anyway. */
export class FileChanges {
  readonly #watcher: FSWatcher | undefined
  #wake = Promise.withResolvers<void>()

  /** @param onRotation told at once, also while nobody waits for `next` */
  constructor(path: string, onRotation: () => void, signal: AbortSignal | undefined) {
    try {
      this.#watcher = watch(dirname(path), (event) => {
        if (event === 'rename') onRotation()
        this.#wake.resolve()
      })
      this.#watcher.on('error', () => undefined)
    } catch {
      // The directory is gone: the timer alone then.
    }
    signal?.addEventListener('abort', () => this.#wake.resolve(), { once: true })
  }

  async next(): Promise<void> {
    const timer = setTimeout(() => this.#wake.resolve(), LOOK_AGAIN_MS)
    await this.#wake.promise
    clearTimeout(timer)
    this.#wake = Promise.withResolvers<void>()
  }

  close(): void {
    this.#watcher?.close()
  }
}

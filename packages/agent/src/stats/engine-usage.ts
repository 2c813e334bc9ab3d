import { sumUsage } from './cgroup-usage.ts'
import { findEngine } from './find-engine.ts'
import { type ProcessId, type ProcessUsage, processIdOf, readProcessUsage } from './process-usage.ts'

/** Where only dockerd is found, its containerd may be up soon, or nowhere to be found: that takes a look at every process. */
const LOOK_AGAIN_MS = 60_000

/**
 * What the Docker Engine's own processes use: dockerd and containerd. The shims, one for each container, aren't among them: their time
 * would go with them, and what counts time must never count backwards.
 */
export class EngineUsage {
  readonly #socketPath: string
  #processes: readonly ProcessId[] = []
  #lookedAt = Number.NEGATIVE_INFINITY
  #looking: Promise<void> | undefined

  constructor(socketPath: string) {
    this.#socketPath = socketPath
  }

  /** Looks for them unless it has found them and they are still there. */
  async find(): Promise<void> {
    const isWhole = this.#processes.length > 1 || performance.now() - this.#lookedAt < LOOK_AGAIN_MS
    if (isWhole && this.read() !== undefined) return
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined
    })
    await this.#looking
  }

  /** Undefined: not found, or one of them has ended. */
  read(): ProcessUsage | undefined {
    const usages = this.#processes.map(readProcessUsage).filter((usage) => usage !== undefined)
    if (usages.length === 0 || usages.length < this.#processes.length) return undefined
    return { ...sumUsage(usages), uptimeSeconds: Math.max(...usages.map(({ uptimeSeconds }) => uptimeSeconds)) }
  }

  async #look(): Promise<void> {
    this.#lookedAt = performance.now()
    const pids = await findEngine(this.#socketPath)
    this.#processes = pids.map(processIdOf).filter((id) => id !== undefined)
  }
}

/**
 * Tasks with one key run one after the other, in the order they came; tasks with different keys don't wait. A task that
 * takes its time may pass its turn on before it ends.
 */
export class KeyedTurns {
  private readonly last = new Map<string, Promise<void>>()

  async run<T>(key: string, task: (passOn: () => void) => Promise<T>): Promise<T> {
    const before = this.last.get(key)
    const { promise: turn, resolve: finish } = Promise.withResolvers<void>()
    this.last.set(key, turn)
    const passOn = () => {
      if (this.last.get(key) === turn) this.last.delete(key)
      finish()
    }
    try {
      if (before !== undefined) await before
      return await task(passOn)
    } finally {
      passOn()
    }
  }
}

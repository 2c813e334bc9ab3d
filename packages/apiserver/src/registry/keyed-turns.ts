/** Tasks with one key run one after the other, in the order they came; tasks with different keys don't wait. */
export class KeyedTurns {
  private readonly last = new Map<string, Promise<void>>()

  async run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const before = this.last.get(key)
    const { promise: turn, resolve: finish } = Promise.withResolvers<void>()
    this.last.set(key, turn)
    try {
      if (before !== undefined) await before
      return await task()
    } finally {
      if (this.last.get(key) === turn) this.last.delete(key)
      finish()
    }
  }
}

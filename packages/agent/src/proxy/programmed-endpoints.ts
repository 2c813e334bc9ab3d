/** The highest EndpointSlice revision that this node's proxy has programmed; null as long as it hasn't said so. */
export class ProgrammedEndpoints {
  readonly #listeners = new Set<() => void>()
  #revision: number | null = null

  get revision(): number | null {
    return this.#revision
  }

  set(revision: number | null): void {
    if (revision === this.#revision) return
    this.#revision = revision
    for (const listener of this.#listeners) listener()
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}

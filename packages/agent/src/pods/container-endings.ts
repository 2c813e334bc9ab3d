/** The ends of a pod's containers, for whoever waits for one of them. */
export class ContainerEndings {
  readonly #byId = new Map<string, PromiseWithResolvers<void>>()

  /** Resolves when the engine tells of it, or has told since somebody first asked. */
  of(containerId: string): Promise<void> {
    const ending = this.#byId.get(containerId) ?? Promise.withResolvers<void>()
    this.#byId.set(containerId, ending)
    return ending.promise
  }

  tell(containerId: string): void {
    this.#byId.get(containerId)?.resolve()
  }

  /** Forgets the others. */
  keep(containerIds: ReadonlySet<string>): void {
    for (const id of this.#byId.keys()) if (!containerIds.has(id)) this.#byId.delete(id)
  }
}

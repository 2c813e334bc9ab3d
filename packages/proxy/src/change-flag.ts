/** Several may raise it, one waits for it; raised again before it was lowered is raised once. */
export interface ChangeFlag {
  raise(): void
  /** Resolves once it is raised, and lowers it; false when the signal ended the wait. */
  lowered(): Promise<boolean>
}

export function createChangeFlag(signal: AbortSignal): ChangeFlag {
  let isRaised = false
  let wake = () => {}
  signal.addEventListener('abort', () => wake(), { once: true })
  return {
    raise() {
      isRaised = true
      wake()
    },
    async lowered() {
      if (!isRaised && !signal.aborted) await new Promise<void>((resolve) => (wake = resolve))
      isRaised = false
      return !signal.aborted
    },
  }
}

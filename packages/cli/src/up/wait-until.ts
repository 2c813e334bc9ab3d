import { setTimeout as sleep } from 'node:timers/promises'

const POLL_MS = 100

export interface WaitOptions {
  /** What is waited for, after "until". */
  readonly what: string
  readonly timeoutMs: number
  /** Asked at each turn: a reason why waiting is of no use any more. */
  readonly hopeless?: () => string | undefined | Promise<string | undefined>
}

/** Asks until the answer is not undefined. Failures to ask count as "not yet"; the last one is the error's cause. */
export async function waitUntil<T>(ask: () => Promise<T | undefined>, { what, timeoutMs, hopeless }: WaitOptions): Promise<T> {
  const deadline = Date.now() + timeoutMs
  let lastFailure: unknown
  for (;;) {
    try {
      const answer = await ask()
      if (answer !== undefined) return answer
    } catch (error) {
      lastFailure = error
    }
    const reason = await hopeless?.()
    if (reason !== undefined) throw new Error(reason)
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs / 1000} s until ${what}, in vain`, { cause: lastFailure })
    await sleep(POLL_MS)
  }
}

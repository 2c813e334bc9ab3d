import { setTimeout as sleep } from 'node:timers/promises'

/** Asks until the answer is neither undefined nor false; fails with what the last attempt said. */
export async function waitFor<T>(
  what: string,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = 60_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs
  let last: unknown = 'it was not so'
  for (;;) {
    try {
      const answer = await ask()
      if (answer !== undefined && answer !== false) return answer
    } catch (error) {
      last = error
    }
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs / 1000} s until ${what}`, { cause: last })
    await sleep(50)
  }
}

import { expect, test } from 'vitest'
import { collectAfterStart } from './collect-after-start.ts'

/** What a process does that uses these shares of a processor, from one look to the next. */
async function collections(shares: readonly number[]): Promise<string> {
  const stop = new AbortController()
  const left = [...shares]
  let used = 0
  let told = ''
  await collectAfterStart(stop.signal, {
    processorTime: () => used,
    collect: () => {
      told += 'collected '
    },
    sleep: async (ms) => {
      const share = left.shift()
      if (share === undefined) return stop.abort()
      used += share * ms
      told += share > 0.05 ? 'busy ' : 'quiet '
    },
  })
  return told.trim()
}

test('collects once, when the start is over', async () => {
  expect(await collections([0.9, 0.4, 0.01, 0.3, 0.01])).toBe('busy busy quiet collected')
  expect(await collections([0.01, 0.3, 0.6])).toBe('quiet collected')
})

test('leaves a process alone that is at work', async () => {
  expect(await collections([0.9, 0.1, 0.2])).toBe('busy busy busy')
})

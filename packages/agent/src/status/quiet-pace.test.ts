import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { QuietPace } from './quiet-pace.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] })
})

afterEach(() => {
  vi.useRealTimers()
})

test('a pod on its own waits a second, each of many a little longer, and none for more than fifteen seconds', () => {
  const pace = new QuietPace()
  const waits = Array.from({ length: 110 }, () => pace.waitMs())
  expect(waits.slice(0, 3)).toEqual([1000, 1250, 1500])
  expect(Math.max(...waits)).toBe(15_000)
  vi.advanceTimersByTime(20_000)
  expect(pace.waitMs()).toBe(1000)
})

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ProbePace } from './probe-pace.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** The pauses between so many failures, and which of them counted. */
function fail(pace: ProbePace, times: number) {
  return Array.from({ length: times }, () => {
    const counts = pace.noteResult(false)
    const nextMs = pace.nextMs()
    vi.advanceTimersByTime(nextMs)
    return counts ? `${nextMs}!` : String(nextMs)
  })
}

describe('a container that is awaited', () => {
  test('is asked soon, ever more slowly up to its period; one failure a period counts', () => {
    const pauses = fail(new ProbePace(1000, true), 18)
    expect(pauses.slice(0, 8)).toEqual(['50', '50', '50', '50', '50', '63', '78', '98'])
    expect(pauses.slice(8)).toEqual(['122', '153', '191', '45', '250!', '313', '391', '46', '500!', '500'])
    expect(fail(new ProbePace(200, true), 6)).toEqual(['50', '50', '50', '50', '50!', '63'])
  })

  test('is asked once a period from its first success on, and every failure counts', () => {
    const pace = new ProbePace(5000, true)
    fail(pace, 2)
    expect(pace.noteResult(true)).toBe(true)
    expect(pace.nextMs()).toBe(5000)
    expect(fail(pace, 2)).toEqual(['5000!', '5000!'])
  })
})

test('containers are asked together, on ticks, however long their answers take', () => {
  vi.advanceTimersByTime(1_234 - performance.now())
  const paces = [new ProbePace(1_000, false), new ProbePace(2_000, false)]
  vi.advanceTimersByTime(7)
  expect(paces.map((pace) => pace.nextMs())).toEqual([959, 1_959])
  vi.advanceTimersByTime(2_500)
  expect(paces.map((pace) => pace.nextMs())).toEqual([459, 1_459])
})

test('a container that has passed before, or is only to stay alive, is asked once a period', () => {
  expect(fail(new ProbePace(10_000, false), 2)).toEqual(['10000!', '10000!'])
})

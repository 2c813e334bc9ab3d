import { describe, expect, it } from 'vitest'
import { backoff } from './backoff.ts'

describe('back-off', () => {
  it('grows to its limit and begins anew after a reset', () => {
    const delays = backoff({ initialMs: 100, maxMs: 1_000 })
    expect(Array.from({ length: 6 }, () => delays.nextMs())).toEqual([100, 200, 400, 800, 1_000, 1_000])
    delays.reset()
    expect(delays.nextMs()).toBe(100)
  })

  it('spreads delays by its jitter', () => {
    const at = (random: number) => backoff({ initialMs: 100, maxMs: 1_000, jitter: 0.5, random: () => random }).nextMs()
    expect([at(0), at(0.5), at(1)]).toEqual([75, 100, 125])
  })
})

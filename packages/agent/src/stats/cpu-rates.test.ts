import { afterEach, expect, test } from 'vitest'
import { CpuRates, type CpuTime } from './cpu-rates.ts'

let end = new AbortController()
afterEach(() => {
  end.abort()
  end = new AbortController()
})

/** Counters and a clock in a test's hand; each look at the counters moves both on by so much. */
function counting(perLook: { readonly ms: number; readonly ns: number }) {
  const state = { ms: 1_000_000, looks: 0, times: new Map<string, CpuTime>([['a', { ns: 5e9, since: new Date(0) }]]) }
  const read = () => {
    if (state.looks++ > 0) {
      state.ms += perLook.ms
      for (const [name, time] of state.times) state.times.set(name, { ...time, ns: time.ns + perLook.ns })
    }
    return new Map(state.times)
  }
  return { state, rates: new CpuRates({ read, now: () => new Date(state.ms), signal: end.signal }) }
}

test('who asks first gets a rate all the same, from two looks of which the second is made for him', async () => {
  const { state, rates } = counting({ ms: 0, ns: 1e9 })
  const asked = rates.rates()
  state.ms += 2_000
  expect(await asked).toEqual(new Map([['a', 5e8]]))
  expect(state.looks).toBe(2)
})

test('those who ask at once share the looks, and who asks soon after gets the same', async () => {
  const { state, rates } = counting({ ms: 0, ns: 1e9 })
  const asked = [rates.rates(), rates.rates(), rates.rates()]
  state.ms += 2_000
  const [first, ...others] = await Promise.all(asked)
  expect(others).toEqual([first, first])
  expect(await rates.rates()).toEqual(first)
  expect(state.looks).toBe(2)
})

test('what has come since the last look is counted from its start, and what has gone is not told', async () => {
  const { state, rates } = counting({ ms: 0, ns: 1e9 })
  const asked = rates.rates()
  state.ms += 2_000
  await asked
  state.ms += 8_000
  state.times = new Map([['young', { ns: 0, since: new Date(state.ms - 4_000) }]])
  expect(await rates.rates()).toEqual(new Map([['young', 2.5e8]]))
})

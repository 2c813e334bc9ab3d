import { expect, test } from 'vitest'
import { WritePace } from './write-pace.ts'

test('writes a change at once, and the next ones together after a pause', () => {
  const pace = new WritePace()
  expect(pace.waitMs('a', { isQuiet: false, nowMs: 1_000 })).toBe(0)
  pace.wrote('a', 1_000)
  expect(pace.waitMs('a', { isQuiet: false, nowMs: 1_020 })).toBe(80)
  expect(pace.waitMs('b', { isQuiet: false, nowMs: 1_020 })).toBe(0)
  expect(pace.waitMs('a', { isQuiet: false, nowMs: 1_100 })).toBe(0)
})

test('lets a quiet change wait half a second for others, from when it was first seen', () => {
  const pace = new WritePace()
  expect(pace.waitMs('a', { isQuiet: true, nowMs: 1_000 })).toBe(500)
  expect(pace.waitMs('a', { isQuiet: true, nowMs: 1_400 })).toBe(100)
  expect(pace.waitMs('a', { isQuiet: false, nowMs: 1_400 })).toBe(0)
  expect(pace.waitMs('a', { isQuiet: true, nowMs: 1_500 })).toBe(0)
  pace.wrote('a', 1_500)
  expect(pace.waitMs('a', { isQuiet: true, nowMs: 1_700 })).toBe(500)
  pace.isRight('a')
  expect(pace.waitMs('a', { isQuiet: true, nowMs: 2_000 })).toBe(500)
})

test('does not wait for a clock that was set back', () => {
  const pace = new WritePace()
  pace.wrote('a', 5_000)
  expect(pace.waitMs('a', { isQuiet: false, nowMs: 1_000 })).toBe(0)
})

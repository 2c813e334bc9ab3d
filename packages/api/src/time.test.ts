import { expect, it } from 'vitest'
import { humanDuration, rfc3339, rfc3339Micro } from './index.ts'

it('writes times as Kubernetes does', () => {
  const date = new Date('2026-01-02T03:04:05.678Z')
  expect(rfc3339(date)).toBe('2026-01-02T03:04:05Z')
  expect(rfc3339Micro(date)).toBe('2026-01-02T03:04:05.678000Z')
})

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

it.each([
  [-5 * SECOND, '<invalid>'],
  [-SECOND, '0s'],
  [119 * SECOND, '119s'],
  [2 * MINUTE, '2m'],
  [5 * MINUTE + 30 * SECOND, '5m30s'],
  [10 * MINUTE + 30 * SECOND, '10m'],
  [179 * MINUTE, '179m'],
  [3 * HOUR + 10 * MINUTE, '3h10m'],
  [8 * HOUR + 10 * MINUTE, '8h'],
  [47 * HOUR, '47h'],
  [2 * DAY + 3 * HOUR, '2d3h'],
  [8 * DAY + 3 * HOUR, '8d'],
  [400 * DAY, '400d'],
  [3 * 365 * DAY + 5 * DAY, '3y5d'],
  [9 * 365 * DAY + 5 * DAY, '9y'],
])('shows %d ms as %s', (ms, text) => {
  expect(humanDuration(ms)).toBe(text)
})

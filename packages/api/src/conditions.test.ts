import { describe, expect, it } from 'vitest'
import { conditionIsTrue, findCondition, setCondition } from './index.ts'

const now = new Date('2026-01-02T03:04:05.678Z')
const earlier = '2025-01-01T00:00:00Z'

describe('setCondition', () => {
  it('adds a condition with the time', () => {
    expect(setCondition(undefined, { type: 'Ready', status: 'True' }, now)).toEqual([
      { type: 'Ready', status: 'True', lastTransitionTime: '2026-01-02T03:04:05Z' },
    ])
  })

  it('keeps the time of the last transition while the status stays', () => {
    const before = [{ type: 'Ready', status: 'True', lastTransitionTime: earlier, reason: 'A' }]
    const after = setCondition(before, { type: 'Ready', status: 'True', reason: 'B' }, now)
    expect(after).toEqual([{ type: 'Ready', status: 'True', lastTransitionTime: earlier, reason: 'B' }])
    expect(before[0]?.reason).toBe('A')
  })

  it('moves it when the status changes, and leaves the other conditions in place', () => {
    const before = [
      { type: 'Ready', status: 'True', lastTransitionTime: earlier },
      { type: 'Other', status: 'True', lastTransitionTime: earlier },
    ]
    const after = setCondition(before, { type: 'Ready', status: 'False' }, now)
    expect(after.map((each) => each.lastTransitionTime)).toEqual(['2026-01-02T03:04:05Z', earlier])
  })

  it('gives back the same list when nothing changes', () => {
    const before = [{ type: 'Ready', status: 'True', lastTransitionTime: earlier }]
    expect(setCondition(before, { type: 'Ready', status: 'True' }, now)).toBe(before)
  })
})

it('finds conditions by type', () => {
  const conditions = [{ type: 'Ready', status: 'False' }]
  expect(findCondition(conditions, 'Ready')?.status).toBe('False')
  expect(findCondition(undefined, 'Ready')).toBeUndefined()
  expect(conditionIsTrue(conditions, 'Ready')).toBe(false)
})

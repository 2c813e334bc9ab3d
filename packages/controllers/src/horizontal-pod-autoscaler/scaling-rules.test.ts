import { describe, expect, it } from 'vitest'
import { limit, remembered, type ScalingInput, stabilize } from './scaling-rules.ts'

const NOW = 10_000_000
const ago = (seconds: number) => NOW - seconds * 1000

const inputOf = (more: Partial<ScalingInput> = {}): ScalingInput => ({
  behavior: undefined,
  current: 10,
  min: 1,
  max: 100,
  history: { recommendations: [], changes: [] },
  now: NOW,
  ...more,
})

const recommended = (...all: [seconds: number, replicas: number][]) => ({
  changes: [],
  recommendations: all.map(([seconds, replicas]) => ({ at: ago(seconds), replicas })),
})
const changed = (...all: [seconds: number, by: number][]) => ({
  recommendations: [],
  changes: all.map(([seconds, by]) => ({ at: ago(seconds), by })),
})

describe('what was thought right before', () => {
  it('keeps pods from being taken away for five minutes', () => {
    const history = recommended([400, 20], [200, 9], [100, 7])
    expect(stabilize(5, inputOf({ history }))).toMatchObject({ replicas: 9, reason: 'ScaleDownStabilized' })
    expect(stabilize(5, inputOf({ history: recommended([400, 20]) }))).toMatchObject({ replicas: 5, reason: 'ReadyForNewScale' })
  })

  it('adds none itself', () => {
    expect(stabilize(5, inputOf({ history: recommended([100, 20]) }))).toMatchObject({ replicas: 10 })
  })

  it('keeps pods from being added only where a window is asked for', () => {
    const history = recommended([100, 12], [20, 11])
    expect(stabilize(20, inputOf({ history }))).toMatchObject({ replicas: 20 })
    const behavior = { scaleUp: { stabilizationWindowSeconds: 60 } }
    expect(stabilize(20, inputOf({ history, behavior }))).toMatchObject({ replicas: 11, reason: 'ScaleUpStabilized' })
  })

  it('counts for nothing with a window of zero', () => {
    const behavior = { scaleDown: { stabilizationWindowSeconds: 0 } }
    expect(stabilize(5, inputOf({ history: recommended([1, 10]), behavior }))).toMatchObject({ replicas: 5 })
  })
})

describe('the bounds and the rates', () => {
  it.each([
    ['within them', 15, {}, 15, 'DesiredWithinRange'],
    ['above the most', 15, { max: 12 }, 12, 'TooManyReplicas'],
    ['below the least', 2, { min: 4 }, 4, 'TooFewReplicas'],
    ['twice as many within 15 seconds', 50, {}, 20, 'ScaleUpLimit'],
    ['four more within 15 seconds, of few', 50, { current: 1 }, 5, 'ScaleUpLimit'],
    ['some of that was added already', 50, { history: changed([10, 4]) }, 12, 'ScaleUpLimit'],
    ['what was added before counts no more', 50, { history: changed([16, 4]) }, 20, 'ScaleUpLimit'],
    ['never fewer because of a rate', 50, { history: changed([5, 9]) }, 10, 'ScaleUpLimit'],
    ['all at once on the way down', 1, {}, 1, 'DesiredWithinRange'],
  ])('%s', (_, wanted, more, replicas, reason) => {
    expect(limit(wanted, inputOf(more))).toMatchObject({ replicas, reason })
  })

  const down = (selectPolicy: string) => ({
    scaleDown: {
      selectPolicy,
      policies: [
        { type: 'Pods', value: 4, periodSeconds: 60 },
        { type: 'Percent', value: 10, periodSeconds: 60 },
      ],
    },
  })

  it.each([
    ['Max', 6],
    ['Min', 9],
    ['Disabled', 10],
  ])('of several policies %s decides', (selectPolicy, replicas) => {
    const verdict = limit(1, inputOf({ behavior: down(selectPolicy) }))
    expect(verdict).toMatchObject({ replicas, reason: 'ScaleDownLimit' })
  })

  it('count what was taken away within the period', () => {
    expect(limit(1, inputOf({ behavior: down('Max'), current: 8, history: changed([30, -2]) }))).toMatchObject({ replicas: 6 })
    expect(limit(1, inputOf({ behavior: down('Max'), current: 6, history: changed([30, -4]) }))).toMatchObject({ replicas: 6 })
    expect(limit(1, inputOf({ behavior: down('Max'), current: 6, history: changed([61, -4]) }))).toMatchObject({ replicas: 2 })
  })
})

it('nothing is remembered for longer than any rule looks back', () => {
  const history = { ...recommended([3599, 1], [3601, 2]), ...{ changes: changed([1, 1], [4000, 1]).changes } }
  expect(remembered(history, NOW)).toEqual({
    recommendations: [{ at: ago(3599), replicas: 1 }],
    changes: [{ at: ago(1), by: 1 }],
  })
})

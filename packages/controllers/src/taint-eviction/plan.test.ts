import { expect, test } from 'vitest'
import { aRunningPod, NOW, READY } from '../testing/objects.ts'
import { disruptionTarget, msToStay } from './plan.ts'

const unreachable = { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' as const }
const forSeconds = (tolerationSeconds?: number) => ({
  ...unreachable,
  operator: 'Exists' as const,
  ...(tolerationSeconds === undefined ? {} : { tolerationSeconds }),
})

test('stays forever where nothing evicts', () => {
  expect(msToStay([], [])).toBe(Number.POSITIVE_INFINITY)
  expect(msToStay([{ ...unreachable, effect: 'NoSchedule' }], [])).toBe(Number.POSITIVE_INFINITY)
})

test('leaves at once when a taint is not tolerated', () => {
  expect(msToStay([unreachable], [])).toBe(0)
  expect(msToStay([unreachable, { key: 'other', effect: 'NoExecute' }], [forSeconds()])).toBe(0)
})

test('stays for the seconds that its toleration says, the shortest of several', () => {
  expect(msToStay([unreachable], [forSeconds(5)])).toBe(5000)
  expect(msToStay([unreachable], [forSeconds(300), forSeconds(5)])).toBe(5000)
  expect(msToStay([unreachable], [forSeconds(-1)])).toBe(0)
  expect(msToStay([unreachable], [forSeconds()])).toBe(Number.POSITIVE_INFINITY)
})

test('a pod that is evicted says why, once', () => {
  const pod = aRunningPod('p', { metadata: { generation: 2 } })
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'DeletionByTaintManager',
    message: 'Taint manager: deleting due to NoExecute taint',
    observedGeneration: 2,
    lastTransitionTime: '2026-01-01T12:00:00Z',
  }
  expect(disruptionTarget(pod, NOW)).toEqual(condition)
  const marked = { ...pod, status: { conditions: [READY, condition] } }
  expect(disruptionTarget(marked, new Date('2026-01-01T13:00:00Z'))).toBeUndefined()
})

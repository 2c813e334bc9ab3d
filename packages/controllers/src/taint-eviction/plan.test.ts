import { expect, test } from 'vitest'
import { msToStay } from './plan.ts'

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

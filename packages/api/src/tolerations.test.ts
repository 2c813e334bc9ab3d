import { expect, test } from 'vitest'
import { tolerates } from './tolerations.ts'

const taint = { key: 'a', value: 'b', effect: 'NoSchedule' } as const

test.for([
  [{ key: 'a', operator: 'Equal', value: 'b', effect: 'NoSchedule' }, true],
  [{ key: 'a', value: 'b' }, true],
  [{ key: 'a', operator: 'Exists' }, true],
  [{ operator: 'Exists' }, true],
  [{ operator: 'Exists', effect: 'NoExecute' }, false],
  [{ key: 'a', value: 'c' }, false],
  [{ key: 'a' }, false],
  [{ key: 'c', operator: 'Exists' }, false],
] as const)('%j accepts the taint: %s', ([toleration, expected]) => {
  expect(tolerates(toleration, taint)).toBe(expected)
})

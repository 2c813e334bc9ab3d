import { expect, test } from 'vitest'
import { inSlowStart } from './slow-start.ts'

test('makes as many as asked for, in growing rounds', async () => {
  let underWay = 0
  let most = 0
  const { made, failure } = await inSlowStart(20, async () => {
    underWay += 1
    most = Math.max(most, underWay)
    await Promise.resolve()
    underWay -= 1
    return 'pod'
  })
  expect(made).toHaveLength(20)
  expect(failure).toBeUndefined()
  expect(most).toBe(8)
})

test('tries once, not twenty times, when it can not work', async () => {
  let attempts = 0
  const { made, failure } = await inSlowStart(20, async () => {
    attempts += 1
    throw new Error('quota')
  })
  expect(attempts).toBe(1)
  expect(made).toEqual([])
  expect(failure).toEqual(new Error('quota'))
})

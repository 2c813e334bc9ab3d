import { expect, test } from 'vitest'
import { Semaphore } from './semaphore.ts'

test('first come, first served, and the urgent before all others', async () => {
  const turns = new Semaphore(1)
  const order: string[] = []
  const begin = Promise.withResolvers<void>()
  const note = (name: string) => async () => void order.push(name)

  const first = turns.run(() => begin.promise)
  const others = ['a', 'b'].map((name) => turns.run(note(name)))
  const urgent = ['c', 'd'].map((name) => turns.run(note(name), { isUrgent: true }))
  begin.resolve()
  await Promise.all([first, ...others, ...urgent])

  expect(order).toEqual(['c', 'd', 'a', 'b'])
})

test('one that fails gives its place to the next', async () => {
  const turns = new Semaphore(1)
  await expect(turns.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await turns.run(async () => 'yes')).toBe('yes')
})

import { expect, test } from 'vitest'
import { KeyedTurns } from './keyed-turns.ts'

test('tasks of one key take turns, those of another do not wait', async () => {
  const turns = new KeyedTurns()
  const log: string[] = []
  const gate = Promise.withResolvers<void>()

  const first = turns.run('a', async () => {
    await gate.promise
    log.push('first')
  })
  const second = turns.run('a', async () => void log.push('second'))
  await turns.run('b', async () => void log.push('other'))
  gate.resolve()
  await Promise.all([first, second])

  expect(log).toEqual(['other', 'first', 'second'])
})

test('a task that takes its time may pass its turn on', async () => {
  const turns = new KeyedTurns()
  const log: string[] = []
  const gate = Promise.withResolvers<void>()

  const slow = turns.run('a', async (passOn) => {
    passOn()
    await gate.promise
    log.push('slow')
  })
  await turns.run('a', async () => void log.push('next'))
  gate.resolve()
  await slow

  expect(log).toEqual(['next', 'slow'])
})

test('a task that fails does not keep the next from its turn', async () => {
  const turns = new KeyedTurns()

  const failed = turns.run('a', () => Promise.reject(new Error('no')))
  const next = turns.run('a', async () => 'yes')

  await expect(failed).rejects.toThrow('no')
  expect(await next).toBe('yes')
})

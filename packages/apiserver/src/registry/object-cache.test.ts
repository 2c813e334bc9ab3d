import type { Entry } from '@skiff/store'
import { expect, test } from 'vitest'
import { ObjectCache } from './object-cache.ts'

function entryOf(name: string): Entry {
  return { key: name, value: Buffer.from(JSON.stringify({ metadata: { name } })), createRevision: 1, modRevision: 1 }
}

test('gives the same object as long as it keeps it', () => {
  const cache = new ObjectCache()
  const entry = entryOf('a')

  expect(cache.get(entry)).toBe(cache.get(entry))
  expect(cache.get(entry)).toEqual({ metadata: { name: 'a' } })
})

test('keeps what is used and forgets what is not', () => {
  const [used, unused] = [entryOf('used'), entryOf('unused')]
  const cache = new ObjectCache(10 * used.value.length)
  const [usedObject, unusedObject] = [cache.get(used), cache.get(unused)]

  for (let index = 0; index < 50; index += 1) {
    cache.get(entryOf(`n${index}`))
    cache.get(used)
  }

  expect(cache.get(used)).toBe(usedObject)
  expect(cache.get(unused)).not.toBe(unusedObject)
})

import { expect, test } from 'vitest'
import { negotiateVersion } from './engine.ts'
import { conflictingContainer, wordsOf } from './engine-errors.ts'

test.for([
  ['1.41', '1.12', '1.41'],
  ['1.9', '1.9', '1.9'],
  ['1.60', '1.44', '1.51'],
  ['1.99', '1.90', '1.90'],
] as const)('an engine of %s down to %s is spoken to in %s', ([newest, oldest, spoken]) => {
  expect(negotiateVersion(newest, oldest)).toBe(spoken)
})

test('the engine’s words are taken from its answer, or out of dockerode’s frame', () => {
  const framed = new Error('(HTTP code 500) server error - lookup no-such-host: no such host ')

  expect(wordsOf(framed)).toBe('lookup no-such-host: no such host')
  expect(wordsOf(Object.assign(framed, { json: { message: 'plain words' } }))).toBe('plain words')
})

test('what to do is added where the engine has no room', () => {
  expect(wordsOf(new Error('write /var/lib/docker/tmp/x: no space left on device'))).toMatch(
    /no space left on device: .*make room there \(docker system prune\)$/,
  )
})

test('the container that has the name is found in the conflict', () => {
  const id = 'ab'.repeat(32)
  const message = `Conflict. The container name "/c1" is already in use by container "${id}". You have to remove (or rename) it.`

  expect(conflictingContainer(Object.assign(new Error(message), { statusCode: 409, json: { message } }))).toBe(id)
  expect(conflictingContainer(Object.assign(new Error(message), { statusCode: 500, json: { message } }))).toBeUndefined()
})

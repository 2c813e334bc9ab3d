import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { UnknownSealError, ValueSeal } from './value-seal.ts'

const seal = new ValueSeal(['/secrets/'], [randomBytes(32)])
const VALUE = Buffer.from('{"kind":"Secret"}')

test('what is sealed opens again, and is never sealed twice alike', () => {
  const sealed = Buffer.from(seal.seal('/secrets/a', VALUE))

  expect(seal.open('/secrets/a', sealed)).toEqual(VALUE)
  expect(sealed.includes('Secret')).toBe(false)
  expect(seal.seal('/secrets/a', VALUE)).not.toEqual(sealed)
})

test('a value opens only where it was stored, and only unchanged', () => {
  const sealed = Buffer.from(seal.seal('/secrets/a', VALUE))
  const changed = Buffer.from(sealed)
  changed[sealed.length - 20] = (changed[sealed.length - 20] ?? 0) ^ 1

  expect(() => seal.open('/secrets/b', sealed)).toThrow()
  expect(() => seal.open('/secrets/a', changed)).toThrow()
})

test('another key does not open it', () => {
  const other = new ValueSeal(['/secrets/'], [randomBytes(32)])

  expect(() => other.open('/secrets/a', Buffer.from(seal.seal('/secrets/a', VALUE)))).toThrow(UnknownSealError)
})

test('what is not to be sealed stays as it is', () => {
  expect(seal.seal('/pods/a', VALUE)).toBe(VALUE)
  expect(seal.open('/pods/a', VALUE)).toBe(VALUE)
  expect([seal.isStale('/pods/a', VALUE), seal.isStale('/secrets/a', VALUE)]).toEqual([false, true])
})

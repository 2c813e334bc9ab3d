import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  parseQuantity,
  quantityOfBytes,
  quantityOfMilli,
  quantityToBytes,
  quantityToMilli,
  quantityToNumber,
  subtractQuantities,
  tryParseQuantity,
} from './index.ts'

const suffix = fc.constantFrom('', 'n', 'u', 'm', 'k', 'M', 'G', 'T', 'P', 'E', 'Ki', 'Mi', 'Gi', 'Ti', 'e3', 'E-3', 'e+9')
const quantity = fc
  .tuple(fc.constantFrom('', '-', '+'), fc.bigInt(0n, 10n ** 12n), fc.option(fc.nat(999_999)), suffix)
  .map(([sign, whole, fraction, end]) => `${sign}${whole}${fraction === null ? '' : `.${fraction}`}${end}`)

/** Binary ones are capped where an int64 ends: their sums are exact below. */
const modestQuantity = quantity.filter((text) => {
  const { nanos } = parseQuantity(text)
  return nanos > -(2n ** 61n) * 10n ** 9n && nanos < 2n ** 61n * 10n ** 9n
})

describe('quantities', () => {
  it.each([
    ['0', '0'],
    ['0Mi', '0'],
    ['0.1', '100m'],
    ['1000m', '1'],
    ['1500m', '1500m'],
    ['1.5Gi', '1536Mi'],
    ['1024Mi', '1Gi'],
    ['512Ki', '512Ki'],
    ['1Ki', '1Ki'],
    ['0.5Ki', '512'],
    ['1e3', '1e3'],
    ['12E6', '12e6'],
    ['1500e-3', '1500e-3'],
    ['1E', '1E'],
    ['2000000', '2M'],
    ['-1500m', '-1500m'],
    ['.5', '500m'],
    ['5.', '5'],
    ['1.1Ki', '1126400m'],
    ['0.1Mi', '104857600m'],
    ['0.0000000001', '1n'],
    ['16Ei', '9223372036854775807'],
  ])('writes %s canonically as %s', (text, canonical) => {
    expect(canonicalQuantity(text)).toBe(canonical)
  })

  it.each(['', 'x', '1x', '1 ', ' 1', '1ki', '1KI', '1.2.3', '1e', 'e3', '--1', '1mi', '0x10', 'NaN', '1e99999999999', '1e401'])(
    'refuses %j',
    (text) => {
      expect(() => parseQuantity(text)).toThrow(/quantit/)
      expect(tryParseQuantity(text)).toBeUndefined()
    },
  )

  it('reads numbers as JSON gives them', () => {
    expect(canonicalQuantity(0.1)).toBe('100m')
    expect(canonicalQuantity(1e21)).toBe('1e21')
  })

  it('counts bytes and thousandths exactly, rounding up', () => {
    expect(quantityToBytes('1Gi')).toBe(1073741824n)
    expect(quantityToBytes('1m')).toBe(1n)
    expect(quantityToMilli('1u')).toBe(1n)
    expect(quantityToMilli('9223372036854775807')).toBe(9223372036854775807000n)
    expect(quantityToNumber('250m')).toBe(0.25)
  })

  it('makes quantities of counts', () => {
    expect(quantityOfMilli(1500)).toBe('1500m')
    expect(quantityOfMilli(2000n)).toBe('2')
    expect(quantityOfBytes(2 ** 20)).toBe('1Mi')
    expect(quantityOfBytes(1000)).toBe('1k')
  })

  it('adds in the format of the first that is not zero', () => {
    expect(addQuantities('0', '1Gi', '1G')).toBe('2073741824')
    expect(addQuantities('512Mi', '512Mi')).toBe('1Gi')
    expect(addQuantities()).toBe('0')
    expect(subtractQuantities('1', '250m')).toBe('750m')
  })

  it('keeps its value in canonical form, which is its own canonical form', () => {
    fc.assert(
      fc.property(quantity, (text) => {
        const canonical = canonicalQuantity(text)
        expect(compareQuantities(canonical, text)).toBe(0)
        expect(canonicalQuantity(canonical)).toBe(canonical)
      }),
    )
  })

  it('orders as its values do', () => {
    fc.assert(
      fc.property(quantity, quantity, (a, b) => {
        const difference = parseQuantity(a).nanos - parseQuantity(b).nanos
        expect(Math.sign(compareQuantities(a, b))).toBe(difference < 0n ? -1 : difference > 0n ? 1 : 0)
        expect(compareQuantities(a, b)).toBe(-compareQuantities(b, a) + 0)
      }),
    )
  })

  it('adds whatever the order and takes away what it added', () => {
    fc.assert(
      fc.property(modestQuantity, modestQuantity, (a, b) => {
        expect(compareQuantities(addQuantities(a, b), addQuantities(b, a))).toBe(0)
        expect(compareQuantities(subtractQuantities(addQuantities(a, b), b), a)).toBe(0)
      }),
    )
  })

  it('never fails but with BadRequest', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'0123456789.eEiumkKMG+-n ') }), (text) => {
        try {
          parseQuantity(text)
        } catch (error) {
          expect(error).toMatchObject({ reason: 'BadRequest' })
        }
      }),
    )
  })
})

/**
 * Kubernetes' quantities (`100m`, `1.5Gi`, `2e3`), exact to a billionth as upstream keeps them
 * (k8s.io/apimachinery/pkg/api/resource): finer fractions round up, away from zero.
 */

import { badRequest } from './errors.ts'

export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent'

export interface Quantity {
  /** The amount in billionths. */
  readonly nanos: bigint
  /** The family of suffixes it was written in, and is to be written in. */
  readonly format: QuantityFormat
}

/** A quantity as JSON carries it, or one that was parsed. */
export type QuantityLike = string | number | Quantity

const NANOS = 1_000_000_000n
const MAX_BINARY = (2n ** 63n - 1n) * NANOS
const DECIMAL_EXPONENTS: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 }
const DECIMAL_SUFFIXES = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'] as const
const BINARY_SUFFIXES: readonly string[] = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']

const SHAPE = /^([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*)([-+]?[0-9]*)$/
const WRONG_FORMAT = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
const WRONG_NUMBER = 'unable to parse numeric part of quantity'
const WRONG_SUFFIX = "unable to parse quantity's suffix"

/** Bounds what a hostile quantity can cost: nobody means 10^400. */
const MAX_EXPONENT = 400
const MAX_LENGTH = 512

/** Throws BadRequest in upstream's words. */
export function parseQuantity(quantity: QuantityLike): Quantity {
  if (typeof quantity === 'object') return quantity
  const text = typeof quantity === 'number' ? String(quantity) : quantity
  const match = text.length <= MAX_LENGTH ? SHAPE.exec(text) : null
  if (match === null || text === '') throw badRequest(WRONG_FORMAT)
  const [, sign, whole = '', fraction = '', letters = '', digits = ''] = match
  if (whole === '' && fraction === '') throw badRequest(WRONG_NUMBER)
  const { base, exponent, format } = interpretSuffix(letters, digits)
  const magnitude = scale(BigInt(whole + fraction), fraction.length, base, exponent)
  return { nanos: sign === '-' ? -cap(magnitude, format) : cap(magnitude, format), format: formatFor(magnitude, format) }
}

/** As `parseQuantity`, but undefined for what is no quantity. */
export function tryParseQuantity(quantity: unknown): Quantity | undefined {
  if (typeof quantity !== 'string' && typeof quantity !== 'number') return undefined
  try {
    return parseQuantity(quantity)
  } catch {
    return undefined
  }
}

/** Kubernetes' canonical form: the largest suffix that leaves no fraction. */
export function canonicalQuantity(quantity: QuantityLike): string {
  return formatQuantity(parseQuantity(quantity))
}

export function formatQuantity({ nanos, format }: Quantity): string {
  if (nanos === 0n) return '0'
  const small = nanos > -1024n * NANOS && nanos < 1024n * NANOS
  if (format === 'BinarySI' && !small && nanos % NANOS === 0n) {
    const { mantissa, steps } = divideOut(nanos / NANOS, 1024n, BINARY_SUFFIXES.length - 1)
    return `${mantissa}${BINARY_SUFFIXES[steps]}`
  }
  const exponential = format === 'DecimalExponent'
  const { mantissa, steps } = divideOut(nanos, 1000n, exponential ? MAX_EXPONENT : DECIMAL_SUFFIXES.length - 1)
  if (!exponential) return `${mantissa}${DECIMAL_SUFFIXES[steps]}`
  const exponent = steps * 3 - 9
  return exponent === 0 ? String(mantissa) : `${mantissa}e${exponent}`
}

/** CPU cores or bytes as a float: for ratios and displays, not for sums. */
export function quantityToNumber(quantity: QuantityLike): number {
  return Number(parseQuantity(quantity).nanos) / 1e9
}

/** Thousandths, rounded up as upstream's MilliValue. */
export function quantityToMilli(quantity: QuantityLike): bigint {
  return divideUp(parseQuantity(quantity).nanos, 1_000_000n)
}

/** Whole units (bytes), rounded up as upstream's Value. */
export function quantityToBytes(quantity: QuantityLike): bigint {
  return divideUp(parseQuantity(quantity).nanos, NANOS)
}

/** Negative, zero or positive, as a sort function wants it. */
export function compareQuantities(a: QuantityLike, b: QuantityLike): number {
  const left = parseQuantity(a).nanos
  const right = parseQuantity(b).nanos
  return left < right ? -1 : left > right ? 1 : 0
}

/** The sum in canonical form, in the format of the first that is not zero. */
export function addQuantities(...quantities: readonly QuantityLike[]): string {
  return formatQuantity(quantities.map(parseQuantity).reduce(plus, ZERO))
}

/** `a - b` in canonical form. */
export function subtractQuantities(a: QuantityLike, b: QuantityLike): string {
  const right = parseQuantity(b)
  return formatQuantity(plus(parseQuantity(a), { nanos: -right.nanos, format: right.format }))
}

/** A count of thousandths as a quantity: `quantityOfMilli(1500)` is `1500m`. */
export function quantityOfMilli(milli: bigint | number, format: QuantityFormat = 'DecimalSI'): string {
  return formatQuantity({ nanos: BigInt(milli) * 1_000_000n, format })
}

/** A count of bytes as a quantity: `quantityOfBytes(2 ** 20)` is `1Mi`. */
export function quantityOfBytes(bytes: bigint | number, format: QuantityFormat = 'BinarySI'): string {
  return formatQuantity({ nanos: BigInt(bytes) * NANOS, format })
}

const ZERO: Quantity = { nanos: 0n, format: 'DecimalSI' }

function plus(a: Quantity, b: Quantity): Quantity {
  return { nanos: a.nanos + b.nanos, format: a.nanos === 0n ? b.format : a.format }
}

function interpretSuffix(letters: string, digits: string): { base: 2 | 10; exponent: number; format: QuantityFormat } {
  if (digits === '') {
    const decimal = Object.hasOwn(DECIMAL_EXPONENTS, letters) ? DECIMAL_EXPONENTS[letters] : undefined
    if (decimal !== undefined) return { base: 10, exponent: decimal, format: 'DecimalSI' }
    const binary = BINARY_SUFFIXES.indexOf(letters)
    if (binary > 0) return { base: 2, exponent: binary * 10, format: 'BinarySI' }
    throw badRequest(WRONG_SUFFIX)
  }
  const exponent = Number(digits)
  if ((letters !== 'e' && letters !== 'E') || !Number.isInteger(exponent) || Math.abs(exponent) > MAX_EXPONENT) {
    throw badRequest(WRONG_SUFFIX)
  }
  return { base: 10, exponent, format: 'DecimalExponent' }
}

function scale(digits: bigint, fractionDigits: number, base: 2 | 10, exponent: number): bigint {
  if (base === 2) return divideUp(digits * NANOS * 2n ** BigInt(exponent), 10n ** BigInt(fractionDigits))
  const shift = 9 + exponent - fractionDigits
  return shift >= 0 ? digits * 10n ** BigInt(shift) : divideUp(digits, 10n ** BigInt(-shift))
}

/** Upstream holds binary quantities in an int64 and caps them there. */
function cap(magnitude: bigint, format: QuantityFormat): bigint {
  return format === 'BinarySI' && magnitude > MAX_BINARY ? MAX_BINARY : magnitude
}

function formatFor(magnitude: bigint, format: QuantityFormat): QuantityFormat {
  return format === 'BinarySI' && magnitude > 0n && magnitude < NANOS ? 'DecimalSI' : format
}

function divideOut(value: bigint, factor: bigint, maxSteps: number): { mantissa: bigint; steps: number } {
  let mantissa = value
  let steps = 0
  while (steps < maxSteps && mantissa % factor === 0n) {
    mantissa /= factor
    steps += 1
  }
  return { mantissa, steps }
}

/** Away from zero, as upstream rounds. */
function divideUp(value: bigint, by: bigint): bigint {
  const quotient = value / by
  if (value % by === 0n) return quotient
  return value > 0n ? quotient + 1n : quotient - 1n
}

import { UnsignedInt } from '@marcbachmann/cel-js/evaluator'
import { failure } from './failure.ts'

/** `'%s has %d'.format([...])`: %s, %d, %f, %e, %b, %x, %X, %o and %%. */
export function formatText(text: string, values: readonly unknown[]): string {
  let next = 0
  return text.replace(
    /%(?:(%)|(\.\d+)?([a-zA-Z]))/g,
    (_, percent: string | undefined, precision: string | undefined, verb: string) => {
      if (percent !== undefined) return '%'
      if (next >= values.length) throw failure(`index ${next} out of range`)
      return clause(verb, precision === undefined ? undefined : Number(precision.slice(1)), values[next++])
    },
  )
}

const MAX_PRECISION = 100

function clause(verb: string, precision: number | undefined, value: unknown): string {
  switch (verb) {
    case 's':
      return textOf(value)
    case 'd':
      return numberText(value, 10)
    case 'o':
      return numberText(value, 8)
    case 'b':
      return typeof value === 'boolean' ? (value ? '1' : '0') : numberText(value, 2)
    case 'x':
      return hexText(value)
    case 'X':
      return hexText(value).toUpperCase()
    case 'f':
      return Number(value).toFixed(Math.min(precision ?? 6, MAX_PRECISION))
    case 'e':
      return exponent(Number(value), Math.min(precision ?? 6, MAX_PRECISION))
    default:
      throw failure(`could not parse formatting clause: unrecognized formatting clause "${verb}"`)
  }
}

function exponent(value: number, precision: number): string {
  return value.toExponential(precision).replace(/e([+-])(\d)$/, 'e$10$2')
}

function numberText(value: unknown, base: number): string {
  if (typeof value === 'bigint') return value.toString(base)
  if (value instanceof UnsignedInt) return value.value.toString(base)
  if (typeof value === 'number' && base === 10) return textOf(value)
  throw failure('error during formatting: only integers can be formatted so')
}

function hexText(value: unknown): string {
  if (typeof value === 'string') return Buffer.from(value).toString('hex')
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  return numberText(value, 16)
}

/** A value as %s shows it. */
export function textOf(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value === 'string') return value
  if (Array.isArray(value)) return `[${value.map(textOf).join(', ')}]`
  if (value instanceof Map) {
    const entries = [...value].map(([key, item]) => `${textOf(key)}: ${textOf(item)}`).sort()
    return `{${entries.join(', ')}}`
  }
  if (value instanceof Date) return value.toISOString().replace(/\.000Z$/, 'Z')
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8')
  return String(value)
}

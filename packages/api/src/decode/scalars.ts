/** Reads the scalars of JSON objects the way upstream's types unmarshal themselves, into the form they marshal to. */

import { ApiError } from '../errors.ts'
import { goQuote } from '../field-errors.ts'
import { canonicalQuantity } from '../quantity.ts'
import type { ScalarKind } from '../schema/schema.ts'
import { rfc3339 } from '../time.ts'

/** A value of the wrong JSON type; the words around it are the caller's. */
export class WrongType extends Error {
  override name = 'WrongType'
  /** `number 1.5`, `string`: what was there. */
  readonly found: string
  readonly goType: string

  constructor(found: string, goType: string) {
    super(`cannot unmarshal ${found} into ${goType}`)
    this.found = found
    this.goType = goType
  }
}

/** A value of the right type that makes no sense. */
export class BadValue extends Error {
  override name = 'BadValue'
}

type Plain = Exclude<ScalarKind, 'JSONSchemaPropsOrBool' | 'JSONSchemaPropsOrArray' | 'JSONSchemaPropsOrStringArray'>

/** The value in its canonical form: the same value whenever it is canonical already. Throws WrongType or BadValue. */
export function readScalar(kind: Plain, value: unknown): unknown {
  switch (kind) {
    case 'string':
      return typeof value === 'string' ? value : wrongType(value, 'string')
    case 'bool':
      return typeof value === 'boolean' ? value : wrongType(value, 'bool')
    case 'int32':
      return readInt32(value)
    case 'int64':
      return Number.isInteger(value) && Math.abs(value as number) <= MAX_INT64 ? value : wrongNumber(value, 'int64')
    case 'float64':
      return typeof value === 'number' ? value : wrongType(value, 'float64')
    case 'bytes':
      return readBytes(value)
    case 'Time':
      return readTime(value)
    case 'MicroTime':
      return readMicroTime(value)
    case 'Duration':
      return typeof value === 'string' ? value : wrongType(value, 'string')
    case 'Quantity':
      return readQuantity(value)
    case 'IntOrString':
      return typeof value === 'string' ? value : readInt32(value)
    case 'FieldsV1':
    case 'RawExtension':
    case 'JSON':
      return value
  }
}

export function jsonTypeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  return typeof value === 'boolean' ? 'bool' : typeof value
}

const MAX_INT64 = 2 ** 63

function readInt32(value: unknown): unknown {
  // `| 0` keeps exactly the whole numbers of 32 bits as they are.
  return typeof value === 'number' && (value | 0) === value ? value : wrongNumber(value, 'int32')
}

function wrongType(value: unknown, goType: string): never {
  throw new WrongType(jsonTypeOf(value), goType)
}

function wrongNumber(value: unknown, goType: string): never {
  throw new WrongType(typeof value === 'number' ? `number ${value}` : jsonTypeOf(value), goType)
}

/** Amounts of up to three digits with a common suffix are canonical: most of what is ever sent. */
const CANONICAL_QUANTITY = /^[1-9][0-9]{0,2}(?:m|k|M|G|T|Ki|Mi|Gi|Ti)?$/

function readQuantity(value: unknown): string {
  if (typeof value === 'string' && CANONICAL_QUANTITY.test(value)) return value
  try {
    return canonicalQuantity(typeof value === 'string' || typeof value === 'number' ? value : '')
  } catch (error) {
    throw new BadValue(error instanceof ApiError ? error.message : String(error))
  }
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

function readBytes(value: unknown): string {
  if (typeof value !== 'string') return wrongType(value, '[]uint8')
  if (BASE64.test(value)) return value
  // Go's decoder skips line breaks.
  const joined = value.replace(/[\r\n]/g, '')
  if (BASE64.test(joined)) return joined
  const good = /^[A-Za-z0-9+/]*/.exec(joined)?.[0].length ?? 0
  throw new BadValue(`illegal base64 data at input byte ${good < joined.length ? good : joined.length - (joined.length % 4)}`)
}

const CANONICAL_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/
const RFC3339 = /^(\d{4}-\d\d-\d\d)[T](\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/
const GO_LAYOUT = '2006-01-02T15:04:05Z07:00'
const GO_MICRO_LAYOUT = '2006-01-02T15:04:05.000000Z07:00'

function readTime(value: unknown): string {
  if (typeof value !== 'string') return wrongType(value, 'string')
  const date = parseTime(value, GO_LAYOUT)
  return CANONICAL_TIME.test(value) ? value : rfc3339(date)
}

function readMicroTime(value: unknown): string {
  if (typeof value !== 'string') return wrongType(value, 'string')
  const date = parseTime(value, GO_MICRO_LAYOUT)
  const fraction = RFC3339.exec(value)?.[3] ?? ''
  return `${rfc3339(date).slice(0, -1)}.${fraction.slice(0, 6).padEnd(6, '0')}Z`
}

function parseTime(text: string, layout: string): Date {
  const date = RFC3339.test(text) ? new Date(text) : undefined
  if (date !== undefined && !Number.isNaN(date.getTime()) && datePartIsReal(text)) return date
  throw new BadValue(`parsing time ${goQuote(text)} as ${goQuote(layout)}: cannot parse ${goQuote(text)} as "2006"`)
}

/** JavaScript rolls the 31st of February over into March; Go refuses it. */
function datePartIsReal(text: string): boolean {
  const day = text.slice(0, 10)
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day)
}

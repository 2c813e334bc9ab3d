/** Scalars as upstream writes them in protobuf, into their JSON forms. */

import { badRequest } from '../errors.ts'
import { canonicalQuantity } from '../quantity.ts'
import type { ScalarKind, ValueType } from '../schema/schema.ts'
import { rfc3339 } from '../time.ts'
import { WIRE_64_BIT, WIRE_BYTES, WIRE_VARINT, type WireReader } from './wire-reader.ts'

/** Whether a value is what Go has where nothing was set. */
export function isZero(kind: ValueType['kind'], value: unknown): boolean {
  if (kind === 'object') return Object.keys(value as object).length === 0
  if (Array.isArray(value)) return value.length === 0
  return value === '' || value === 0 || value === false
}

const WIRE_TYPES: Readonly<Partial<Record<ScalarKind, number>>> = {
  int32: WIRE_VARINT,
  int64: WIRE_VARINT,
  bool: WIRE_VARINT,
  float64: WIRE_64_BIT,
}

/** Undefined for a time that is not set. */
export function readWireScalar(kind: ScalarKind, reader: WireReader, wireType: number): unknown {
  if (wireType !== (WIRE_TYPES[kind] ?? WIRE_BYTES)) throw badRequest(`proto: wrong wireType = ${wireType} for a ${kind}`)
  switch (kind) {
    case 'string':
      return reader.string()
    case 'int32':
      return reader.varint() | 0
    case 'int64':
      return reader.varint()
    case 'bool':
      return reader.varint() !== 0
    case 'float64':
      return reader.double()
    case 'bytes':
      return reader.bytes().toString('base64')
    case 'Time':
      return readTime(reader.message())
    case 'MicroTime':
      return readMicroTime(reader.message())
    case 'Duration':
      return formatGoDuration(readNumbers(reader.message()).first)
    case 'Quantity':
      return readQuantity(reader.message())
    case 'IntOrString':
      return readIntOrString(reader.message())
    default:
      throw badRequest(`proto: ${kind} is no scalar`)
  }
}

/** A time or a duration: up to two numbers. */
function readNumbers(reader: WireReader): { first: number; second: number; empty: boolean } {
  const numbers = { first: 0, second: 0, empty: reader.done }
  while (!reader.done) {
    const { number, wireType } = reader.tag()
    if (number === 1 && wireType === WIRE_VARINT) numbers.first = reader.varint()
    else if (number === 2 && wireType === WIRE_VARINT) numbers.second = reader.varint()
    else reader.skip(wireType)
  }
  return numbers
}

function readTime(reader: WireReader): string | undefined {
  const { first: seconds, empty } = readNumbers(reader)
  return empty ? undefined : rfc3339(dateOf(seconds))
}

function readMicroTime(reader: WireReader): string | undefined {
  const { first: seconds, second: nanos, empty } = readNumbers(reader)
  if (empty) return undefined
  const micros = String(Math.floor(nanos / 1000)).padStart(6, '0')
  return `${rfc3339(dateOf(seconds)).slice(0, -1)}.${micros}Z`
}

/** The year 9999, the last that RFC 3339 can write. */
const MAX_SECONDS = 253402300799

function dateOf(seconds: number): Date {
  if (Math.abs(seconds) > MAX_SECONDS) throw badRequest('proto: a time is out of range')
  return new Date(seconds * 1000)
}

function readQuantity(reader: WireReader): string {
  let text = ''
  while (!reader.done) {
    const { number, wireType } = reader.tag()
    if (number === 1 && wireType === WIRE_BYTES) text = reader.string()
    else reader.skip(wireType)
  }
  return text === '' ? '0' : canonicalQuantity(text)
}

function readIntOrString(reader: WireReader): number | string {
  let isString = false
  let int = 0
  let text = ''
  while (!reader.done) {
    const { number, wireType } = reader.tag()
    if (number === 1 && wireType === WIRE_VARINT) isString = reader.varint() === 1
    else if (number === 2 && wireType === WIRE_VARINT) int = reader.varint() | 0
    else if (number === 3 && wireType === WIRE_BYTES) text = reader.string()
    else reader.skip(wireType)
  }
  return isString ? text : int
}

const SECOND_NANOS = 1e9

/** `1h0m30s`, as Go's time.Duration prints itself. */
function formatGoDuration(nanos: number): string {
  if (nanos === 0) return '0s'
  const sign = nanos < 0 ? '-' : ''
  const seconds = Math.abs(nanos) / SECOND_NANOS
  const hours = Math.floor(seconds / 3600)
  const minutes = Math.floor((seconds % 3600) / 60)
  const rest = Number((seconds % 60).toFixed(9))
  if (hours > 0) return `${sign}${hours}h${minutes}m${rest}s`
  return minutes > 0 ? `${sign}${minutes}m${rest}s` : `${sign}${rest}s`
}

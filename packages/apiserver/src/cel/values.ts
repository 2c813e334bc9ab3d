/** From JSON to the values of CEL and back: whole numbers are BigInt, objects are Maps (no key of theirs can confuse). */

import { Optional } from '@marcbachmann/cel-js'
import { Duration, UnsignedInt } from '@marcbachmann/cel-js/evaluator'
import { CelRecord } from './evaluator.ts'
import { parseGoDuration } from './functions/durations.ts'
import type { CelObject, CelType } from './types.ts'

/** A value of CEL's own, made once for many expressions: `celValue(json)`. */
export class CelValue {
  readonly value: unknown
  constructor(value: unknown) {
    this.value = value
  }
}

/** JSON as a value of type `dyn`, to be bound as it is. */
export function celValue(json: unknown): CelValue {
  return new CelValue(dynamicValue(json))
}

export function dynamicValue(json: unknown): unknown {
  switch (typeof json) {
    case 'number':
      return Number.isInteger(json) ? BigInt(json) : json
    case 'undefined':
      return null
    case 'object':
      if (json === null) return null
      if (json instanceof CelValue) return json.value
      if (Array.isArray(json)) return json.map(dynamicValue)
      return new Map(Object.entries(json).map(([key, value]) => [key, dynamicValue(value)]))
    default:
      return json
  }
}

/** Makes records of an object type that one compilation has given a class. */
export type RecordMaker = (type: CelObject, raw: object) => CelRecord

/** JSON as a value of `type`; what doesn't fit is left as it is, for the evaluator to complain of. */
export function typedValue(json: unknown, type: CelType, record: RecordMaker): unknown {
  if (json instanceof CelValue) return json.value
  if (typeof type === 'object' && type.kind === 'optional') return optionalValue(json, type.value, record)
  if (json === undefined) return undefined
  // A null in a field of a declared type is as good as none.
  if (json === null) return type === 'dyn' || type === 'null' ? null : undefined
  if (typeof type === 'object') {
    switch (type.kind) {
      case 'opaque':
        return json
      case 'list':
        return Array.isArray(json) ? json.map((item) => typedValue(item, type.items, record)) : json
      case 'map':
        return typeof json === 'object'
          ? new Map(Object.entries(json).map(([key, value]) => [key, typedValue(value, type.values, record)]))
          : json
      case 'object':
        return typeof json === 'object' && !Array.isArray(json) ? record(type, json) : json
    }
  }
  return scalarValue(json, type)
}

function optionalValue(json: unknown, type: CelType, record: RecordMaker): unknown {
  const value = typedValue(json, type, record)
  return value === undefined ? Optional.none() : Optional.of(value)
}

function scalarValue(json: unknown, type: Extract<CelType, string>): unknown {
  switch (type) {
    case 'dyn':
      return dynamicValue(json)
    case 'int':
      return typeof json === 'number' && Number.isInteger(json) ? BigInt(json) : json
    case 'uint':
      return typeof json === 'number' && Number.isInteger(json) ? new UnsignedInt(json) : json
    case 'bytes':
      return typeof json === 'string' ? Buffer.from(json, 'base64') : json
    case 'timestamp':
      return typeof json === 'string' && !Number.isNaN(Date.parse(json)) ? new Date(json) : json
    case 'duration':
      return typeof json === 'string' ? (parseGoDuration(json) ?? json) : json
    default:
      return json
  }
}

/** A value of CEL as JSON. */
export function jsonOf(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (value instanceof UnsignedInt) return Number(value.valueOf())
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(jsonOf)
  if (value instanceof CelRecord) return value.raw
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [String(key), jsonOf(item)]))
  if (value instanceof Date) return value.toISOString()
  if (value instanceof Duration) return value.toString()
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, jsonOf(item)]))
}

/**
 * Checks a value against a schema, in the words of kube-apiserver (kube-openapi's validator and how its errors become
 * field errors). With an old value only what changed is checked (KEP-4008, ratcheting).
 */

import { type FieldError, invalid, notSupported, required, tooLong, tooMany, typeInvalid } from '@skiff/api'
import { isJsonObject, type JsonObject, jsonEquals } from '../../patch/json-value.ts'
import { oldItem, oldProperty } from './correlate.ts'
import { fitsFormat } from './formats.ts'
import { additionalOf, type JsonSchema, propertyOf } from './json-schema.ts'
import type { SchemaPatterns } from './patterns.ts'

export interface Validation {
  readonly patterns: SchemaPatterns
  /** What is stored; undefined: nothing that could excuse a value. */
  readonly old?: unknown
}

export function validateValue(value: unknown, schema: JsonSchema, path: string, validation: Validation): FieldError[] {
  return new Validator(validation.patterns).check({ value, schema, path, old: validation.old })
}

interface Checked {
  readonly value: unknown
  readonly schema: JsonSchema
  readonly path: string
  readonly old: unknown
}

class Validator {
  readonly #patterns: SchemaPatterns

  constructor(patterns: SchemaPatterns) {
    this.#patterns = patterns
  }

  check(checked: Checked): FieldError[] {
    const { value, schema, old } = checked
    if (old !== undefined && jsonEquals(value, old)) return []
    if (value === null) return [...typeProblems(checked), ...enumProblems(checked)]
    return [
      ...typeProblems(checked),
      ...this.#alternatives(checked),
      ...(typeof value === 'string' ? this.#textProblems(value, checked) : []),
      ...(typeof value === 'number' ? numberProblems(value, checked) : []),
      ...(Array.isArray(value) ? this.#listProblems(value, checked) : []),
      ...(schema.enum === undefined ? [] : enumProblems(checked)),
      ...(isJsonObject(value) ? this.#objectProblems(value, checked) : []),
    ]
  }

  #alternatives({ value, schema, path, old }: Checked): FieldError[] {
    const errors: FieldError[] = []
    const tryAll = (schemas: readonly JsonSchema[]) => schemas.map((each) => this.check({ value, schema: each, path, old }))
    if (schema.anyOf !== undefined && schema.anyOf.length > 0) {
      const tried = tryAll(schema.anyOf)
      if (tried.every((found) => found.length > 0)) {
        errors.push(whole(`"${path}" must validate at least one schema (anyOf)`), ...(fewest(tried) ?? []))
      }
    }
    if (schema.oneOf !== undefined && schema.oneOf.length > 0) {
      const tried = tryAll(schema.oneOf)
      const valid = tried.filter((found) => found.length === 0).length
      const why = valid === 0 ? 'Found none valid' : `Found ${valid} valid alternatives`
      if (valid !== 1) errors.push(whole(`"${path}" must validate one and only one schema (oneOf). ${why}`))
      if (valid === 0) errors.push(...(fewest(tried) ?? []))
    }
    if (schema.allOf !== undefined && schema.allOf.length > 0) {
      const tried = tryAll(schema.allOf)
      errors.push(...tried.flat())
      const valid = tried.filter((found) => found.length === 0).length
      if (valid !== tried.length) {
        errors.push(whole(`"${path}" must validate all the schemas (allOf)${valid === 0 ? '. None validated' : ''}`))
      }
    }
    if (schema.not !== undefined && this.check({ value, schema: schema.not, path, old: undefined }).length === 0) {
      errors.push(whole(`"${path}" must not validate the schema (not)`))
    }
    return errors
  }

  #textProblems(text: string, { schema, path }: Checked): FieldError[] {
    const errors: FieldError[] = []
    const { minLength, maxLength, pattern, format } = schema
    const length = minLength === undefined && maxLength === undefined ? 0 : [...text].length
    if (maxLength !== undefined && length > maxLength) errors.push(tooLong(at(path), maxLength))
    if (minLength !== undefined && length < minLength) {
      errors.push(invalid(at(path), text, `${path} in body should be at least ${minLength} chars long`))
    }
    if (pattern !== undefined && pattern !== '' && !this.#patterns.matches(pattern, text)) {
      errors.push(invalid(at(path), text, `${path} in body should match '${pattern}'`))
    }
    if (format !== undefined && !fitsFormat(format, text)) errors.push(wrongType(path, format, text))
    return errors
  }

  #listProblems(list: readonly unknown[], { schema, path, old }: Checked): FieldError[] {
    const errors: FieldError[] = []
    const { minItems, maxItems, items, uniqueItems } = schema
    if (items !== undefined) {
      for (const [index, value] of list.entries()) {
        errors.push(...this.check({ value, schema: items, path: `${path}[${index}]`, old: oldItem(old, value, schema) }))
      }
    }
    if (minItems !== undefined && list.length < minItems) {
      errors.push(invalid(at(path), list.length, `${path} in body should have at least ${minItems} items`))
    }
    if (maxItems !== undefined && list.length > maxItems) errors.push(tooMany(at(path), list.length, maxItems))
    if (uniqueItems === true && list.some((item, index) => list.slice(0, index).some((other) => jsonEquals(item, other)))) {
      errors.push(invalid(at(path), '', `${path} in body shouldn't contain duplicates`))
    }
    return errors
  }

  #objectProblems(object: JsonObject, { schema, path, old }: Checked): FieldError[] {
    const errors: FieldError[] = []
    const keys = Object.keys(object)
    const { minProperties, maxProperties } = schema
    if (minProperties !== undefined && keys.length < minProperties) {
      errors.push(invalid(at(path), keys.length, `${path} in body should have at least ${minProperties} properties`))
    }
    if (maxProperties !== undefined && keys.length > maxProperties) errors.push(tooMany(at(path), keys.length, maxProperties))
    for (const key of keys) {
      const inner = propertyOf(schema, key) ?? additionalOf(schema)
      if (inner === undefined) continue
      errors.push(...this.check({ value: object[key], schema: inner, path: below(path, key), old: oldProperty(old, key) }))
    }
    for (const key of schema.required ?? []) if (!Object.hasOwn(object, key)) errors.push(required(below(path, key)))
    return errors
  }
}

function typeProblems({ value, schema, path }: Checked): FieldError[] {
  const types = typesOf(schema)
  if (types.length === 0) return []
  const found = jsonTypeOf(value)
  if (value === null && schema.nullable === true) return []
  const fits =
    types.includes(found) ||
    (found === 'integer' && types.includes('number')) ||
    (found === 'string' && isTextFormat(schema, types))
  return fits ? [] : [wrongType(path, types.join(','), found)]
}

/** A string whose format is checked is not checked for its type again. */
function isTextFormat({ format }: JsonSchema, types: readonly string[]): boolean {
  return format !== undefined && types.includes('string')
}

function typesOf(schema: JsonSchema): readonly string[] {
  if (schema['x-kubernetes-int-or-string'] === true) return ['integer', 'string']
  return schema.type === undefined || schema.type === '' ? [] : [schema.type]
}

function jsonTypeOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  return typeof value
}

function wrongType(path: string, expected: string, shown: string): FieldError {
  return typeInvalid(at(path), shown, `${path} in body must be of type ${expected}: ${JSON.stringify(shown)}`)
}

const INTEGER_BITS: Readonly<Record<string, number>> = { int32: 32, int64: 64 }

function numberProblems(value: number, { schema, path }: Checked): FieldError[] {
  const errors: FieldError[] = []
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf, format = '' } = schema
  const problem = (text: string) => errors.push(invalid(at(path), value, `${path} in body should be ${text}`))
  const bits = schema.type === 'integer' ? INTEGER_BITS[format] : undefined
  if (bits !== undefined && (value >= 2 ** (bits - 1) || value < -(2 ** (bits - 1))))
    errors.push(wrongType(path, format, String(value)))
  if (multipleOf !== undefined && multipleOf > 0 && !isMultiple(value, multipleOf)) problem(`a multiple of ${multipleOf}`)
  if (maximum !== undefined && (exclusiveMaximum === true ? value >= maximum : value > maximum)) {
    problem(`less than ${exclusiveMaximum === true ? '' : 'or equal to '}${maximum}`)
  }
  if (minimum !== undefined && (exclusiveMinimum === true ? value <= minimum : value < minimum)) {
    problem(`greater than ${exclusiveMinimum === true ? '' : 'or equal to '}${minimum}`)
  }
  return errors
}

function isMultiple(value: number, factor: number): boolean {
  const quotient = value / factor
  return Math.abs(quotient - Math.round(quotient)) < 1e-9
}

function enumProblems({ value, schema, path }: Checked): FieldError[] {
  if (schema.enum === undefined || schema.enum.some((each) => jsonEquals(each, value))) return []
  const values = schema.enum.map((each) => (typeof each === 'string' ? each : JSON.stringify(each)))
  return [notSupported(at(path), value, values)]
}

function below(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`
}

/** Upstream's path of the object itself. */
const NOWHERE = '<nil>'

function at(path: string): string {
  return path === '' ? NOWHERE : path
}

/** What upstream says of alternatives it says of the object as a whole. */
function whole(detail: string): FieldError {
  return invalid(NOWHERE, '', detail)
}

function fewest(tried: readonly FieldError[][]): FieldError[] | undefined {
  return tried.reduce<FieldError[] | undefined>(
    (best, found) => (best === undefined || found.length < best.length ? found : best),
    undefined,
  )
}

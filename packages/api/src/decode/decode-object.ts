/**
 * Turns a parsed JSON body into an object of its type, in one walk and in place: checks types, brings quantities and
 * times into canonical form, drops nulls and unknown fields. Words as upstream's decoder (sigs.k8s.io/json).
 */

import { type ApiError, badRequest } from '../errors.ts'
import { goQuote } from '../field-errors.ts'
import type { FieldSchema, MapType, ScalarType, TypeSchema, ValueType } from '../schema/schema.ts'
import { schemaOf } from '../schema/schema-registry.ts'
import { MAX_JSON_DEPTH } from './parse-json.ts'
import { BadValue, jsonTypeOf, readScalar, WrongType } from './scalars.ts'
import { zeroValue } from './zero-value.ts'

/** The query parameter `fieldValidation`. */
export type FieldValidation = 'Strict' | 'Warn' | 'Ignore'

export interface DecodeOptions {
  /** Strict refuses unknown and duplicate fields, Warn tells of them, Ignore drops them. Default: Warn. */
  readonly mode?: FieldValidation
  /** What `parseJson` found. */
  readonly duplicates?: readonly string[]
}

export interface Decoded {
  /** The value itself, cleaned. */
  readonly object: Record<string, unknown>
  /** `unknown field "spec.x"`, for `Warning` headers. */
  readonly warnings: readonly string[]
}

/** Throws BadRequest: the value is not of this type, or breaks Strict. Changes `value`. */
export function decodeObject(schema: TypeSchema, value: unknown, options: DecodeOptions = {}): Decoded {
  const { mode = 'Warn', duplicates = NONE } = options
  const decoder = new Decoder(duplicates)
  const object = decodeWith(decoder, schema, value)
  if (mode === 'Ignore') return { object, warnings: NONE }
  const warnings = [...decoder.problems, ...(decoder.duplicates ?? NONE)]
  if (mode === 'Strict' && warnings.length > 0) throw cannotHandle(schema, `strict decoding error: ${warnings.join(', ')}`)
  return { object, warnings }
}

/** `Pod in version "v1" cannot be handled as a Pod: ...` */
export function cannotHandle(schema: Pick<TypeSchema, 'name' | 'version'>, why: string): ApiError {
  return badRequest(`${schema.name} in version "${schema.version}" cannot be handled as a ${schema.name}: ${why}`)
}

const NONE: readonly string[] = []

function decodeWith(decoder: Decoder, schema: TypeSchema, value: unknown): Record<string, unknown> {
  try {
    return decoder.root(schema, value)
  } catch (error) {
    if (error instanceof WrongType) throw cannotHandle(schema, decoder.describe(error))
    if (error instanceof BadValue) throw cannotHandle(schema, error.message)
    throw error
  }
}

type JsonObject = Record<string, unknown>

class Decoder {
  /** Unknown and duplicate fields in the order of the text. */
  readonly problems: string[] = []
  /** Duplicate fields that the walk has not met; undefined: there are none. */
  readonly duplicates: Set<string> | undefined
  /** Where the walk is, as strict errors tell it: names, keys and indices. */
  readonly #place: (string | number)[] = []
  /** Where the walk is, as type errors tell it: only fields of structs. */
  readonly #fields: string[] = []
  /** The struct that holds the innermost of these fields. */
  #owner: TypeSchema | undefined

  constructor(duplicates: readonly string[]) {
    this.duplicates = duplicates.length === 0 ? undefined : new Set(duplicates)
  }

  root(schema: TypeSchema, value: unknown): JsonObject {
    if (!isObject(value)) throw new WrongType(value === null ? 'null' : jsonTypeOf(value), schema.goName)
    this.#struct(schema, value)
    return value
  }

  describe({ found, goType }: WrongType): string {
    if (this.#owner === undefined) return `json: cannot unmarshal ${found} into Go value of type ${goType}`
    const field = `${this.#owner.name}.${this.#fields.join('.')}`
    return `json: cannot unmarshal ${found} into Go struct field ${field} of type ${goType}`
  }

  #struct(schema: TypeSchema, object: JsonObject): void {
    const { fields } = schema
    for (const name in object) {
      const field = fields.get(name)
      if (field !== undefined) this.#field(schema, field, object)
      else if (schema.isKind && (name === 'apiVersion' || name === 'kind')) this.#typeMeta(schema, name, object)
      else this.#drop(name, object)
      if (this.duplicates !== undefined) this.#noteDuplicate(name, this.duplicates)
    }
  }

  #noteDuplicate(name: string, duplicates: Set<string>): void {
    const problem = `duplicate field ${goQuote(placeText([...this.#place, name]))}`
    if (duplicates.delete(problem)) this.problems.push(problem)
  }

  #field(schema: TypeSchema, field: FieldSchema, object: JsonObject): void {
    const { name } = field
    const given = object[name]
    if (given === null) {
      delete object[name]
      return
    }
    const outer = this.#enter(schema, name)
    const read = this.#value(field.type, given)
    if (read !== given) object[name] = read
    this.#leave(outer)
  }

  #typeMeta(schema: TypeSchema, name: string, object: JsonObject): void {
    const outer = this.#enter(schema, name)
    readScalar('string', object[name] ?? '')
    this.#leave(outer)
  }

  #drop(name: string, object: JsonObject): void {
    this.#place.push(name)
    this.problems.push(`unknown field ${goQuote(placeText(this.#place))}`)
    this.#place.pop()
    delete object[name]
  }

  #enter(owner: TypeSchema, name: string): TypeSchema | undefined {
    if (this.#place.length >= MAX_JSON_DEPTH) throw badRequest('exceeded max depth')
    const outer = this.#owner
    this.#owner = owner
    this.#place.push(name)
    this.#fields.push(name)
    return outer
  }

  #leave(outer: TypeSchema | undefined): void {
    this.#owner = outer
    this.#place.pop()
    this.#fields.pop()
  }

  #value(type: ValueType, value: unknown): unknown {
    switch (type.kind) {
      case 'object':
        if (!isObject(value)) throw new WrongType(jsonTypeOf(value), type.schema.goName)
        this.#struct(type.schema, value)
        return value
      case 'list':
        if (!Array.isArray(value)) throw new WrongType(jsonTypeOf(value), goTypeOf(type))
        this.#list(type.items, value)
        return value
      case 'map':
        if (!isObject(value)) throw new WrongType(jsonTypeOf(value), goTypeOf(type))
        this.#map(type, value)
        return value
      case 'JSONSchemaPropsOrBool':
        return typeof value === 'boolean' ? value : this.#value(jsonSchemaProps(), value)
      case 'JSONSchemaPropsOrArray':
        return this.#value(
          Array.isArray(value) ? { kind: 'list', items: jsonSchemaProps(), wrapped: false } : jsonSchemaProps(),
          value,
        )
      case 'JSONSchemaPropsOrStringArray':
        return this.#value(
          Array.isArray(value) ? { kind: 'list', items: { kind: 'string' }, wrapped: false } : jsonSchemaProps(),
          value,
        )
      default:
        return readScalar(type.kind, value)
    }
  }

  #list(items: ValueType, list: unknown[]): void {
    const depth = this.#place.length
    for (let index = 0; index < list.length; index += 1) {
      this.#place[depth] = index
      const given = list[index]
      const read = given === null ? zeroValue(items) : this.#value(items, given)
      if (read !== given) list[index] = read
    }
    this.#place.length = depth
  }

  #map({ values }: MapType, map: JsonObject): void {
    const depth = this.#place.length
    for (const key in map) {
      if (key === '__proto__') throw badRequest('the key "__proto__" is not supported')
      this.#place[depth] = key
      const given = map[key]
      const read = given === null ? zeroValue(values) : this.#value(values, given)
      if (read !== given) map[key] = read
      this.#place.length = depth
      if (this.duplicates !== undefined) this.#noteDuplicate(key, this.duplicates)
    }
    this.#place.length = depth
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function placeText(place: readonly (string | number)[]): string {
  let text = ''
  for (const step of place) text += typeof step === 'number' ? `[${step}]` : text === '' ? step : `.${step}`
  return text
}

function jsonSchemaProps(): ValueType {
  const schema = schemaOf('apiextensions.k8s.io', 'v1', 'JSONSchemaProps')
  if (schema === undefined) throw new Error('the table of apiextensions.k8s.io/v1 lacks JSONSchemaProps')
  return { kind: 'object', schema }
}

/** A type as Go's reflection names it. */
function goTypeOf(type: ValueType): string {
  switch (type.kind) {
    case 'object':
      return type.schema.goName
    case 'list':
      return `[]${goTypeOf(type.items)}`
    case 'map':
      return `map[string]${goTypeOf(type.values)}`
    default:
      return GO_SCALARS[type.kind] ?? type.kind
  }
}

const GO_SCALARS: Readonly<Partial<Record<ScalarType['kind'], string>>> = {
  bytes: '[]uint8',
  Time: 'v1.Time',
  MicroTime: 'v1.MicroTime',
  Duration: 'v1.Duration',
  Quantity: 'resource.Quantity',
  IntOrString: 'intstr.IntOrString',
  FieldsV1: 'v1.FieldsV1',
  RawExtension: 'runtime.RawExtension',
}

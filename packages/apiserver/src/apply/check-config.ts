import { ApiError, type FieldSchema, type TypeSchema, type ValueType } from '@skiff/api'
import { isJsonObject, type JsonObject } from '../patch/json-value.ts'
import { itemElement, printElement } from './path-element.ts'
import { shapeOf } from './shape.ts'

/** What makes a configuration unfit for the schema, in structured-merge-diff's words; empty when it is fit. */
export function configProblems(config: JsonObject, schema: TypeSchema): string[] {
  const { apiVersion: _, kind: __, ...rest } = config
  return objectProblems(rest, schema, '')
}

interface ConfigName {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace: string
  readonly name: string
}

/** The refusal of a configuration with these problems: 500, as upstream answers it. */
export function untypedConfig({ apiVersion, kind, namespace, name }: ConfigName, problems: readonly string[]): ApiError {
  const version = apiVersion.includes('/') ? apiVersion : `/${apiVersion}`
  const listed = problems.length === 1 ? problems.join('') : `errors:\n${problems.map((problem) => `  ${problem}`).join('\n')}`
  const object = `${namespace}/${name}; ${version}, Kind=${kind}`
  return new ApiError('Unknown', `failed to create typed patch object (${object}): ${listed}`)
}

function objectProblems(object: JsonObject, schema: TypeSchema, path: string): string[] {
  return Object.entries(object).flatMap(([key, value]) => {
    const field = schema.fields.get(key)
    if (field === undefined) return [`${path}.${key}: field not declared in schema`]
    return valueProblems(value, field.type, field, `${path}.${key}`)
  })
}

function valueProblems(value: unknown, type: ValueType, field: FieldSchema | undefined, path: string): string[] {
  if (value === null || value === undefined) return []
  switch (type.kind) {
    case 'object':
      return isJsonObject(value) ? objectProblems(value, type.schema, path) : [`${path}: expected map, got ${show(value)}`]
    case 'map':
      if (!isJsonObject(value)) return type.deduced ? [] : [`${path}: expected map, got ${show(value)}`]
      return Object.entries(value).flatMap(([key, item]) => valueProblems(item, type.values, undefined, `${path}.${key}`))
    case 'list':
      return Array.isArray(value) ? listProblems(value, type, field, path) : [`${path}: expected list, got ${show(value)}`]
    default:
      return scalarProblems(value, type.kind, path)
  }
}

function listProblems(
  list: readonly unknown[],
  type: ValueType & { kind: 'list' },
  field: FieldSchema | undefined,
  path: string,
): string[] {
  const shape = shapeOf(type, field)
  const seen = new Set<string>()
  return list.flatMap((item, index) => {
    if (shape.kind !== 'list') return valueProblems(item, type.items, undefined, `${path}[${index}]`)
    const element = itemElement(item, field, type)
    if (element === undefined) return [`${path}: element ${index}: ${withoutIdentity(field)}`]
    const printed = printElement(element)
    const repeated = seen.has(element) ? [`${path}: duplicate entries for key ${printed}`] : []
    seen.add(element)
    return [...repeated, ...valueProblems(item, type.items, undefined, `${path}${printed}`)]
  })
}

function withoutIdentity(field: FieldSchema | undefined): string {
  if (field?.listType === 'set') return "associative list without keys has an element that's a map type"
  const keys = (field?.listMapKeys ?? []).map((key) => `"${key}"`).join(' ')
  return `associative list with keys has an element that omits all key fields [${keys}] (and doesn't have default values for any key fields)`
}

function scalarProblems(value: unknown, kind: string, path: string): string[] {
  switch (kind) {
    case 'string':
    case 'bytes':
      return typeof value === 'string' ? [] : [`${path}: expected string, got ${show(value)}`]
    case 'int32':
    case 'int64':
    case 'float64':
      return typeof value === 'number' ? [] : [`${path}: expected numeric (int or float), got ${goTypeOf(value)}`]
    case 'bool':
      return typeof value === 'boolean' ? [] : [`${path}: expected boolean, got ${show(value)}`]
    default:
      return []
  }
}

function show(value: unknown): string {
  return `&value.valueUnstructured{Value:${JSON.stringify(value)}}`
}

function goTypeOf(value: unknown): string {
  return typeof value === 'boolean' ? 'bool' : typeof value
}

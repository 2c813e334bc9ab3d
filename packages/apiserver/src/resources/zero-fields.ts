import { type FieldSchema, schemaOf, type TypeSchema, type ValueType } from '@skiff/api'
import { isJsonObject, type JsonObject } from '../patch/json-value.ts'
import type { ResourceDefinition } from '../registry/resource-definition.ts'

/** The definition with zero values filled in before its own defaults, so that these and its validation can rely on them. */
export function withZeroFields(definition: ResourceDefinition): ResourceDefinition {
  const { info, strategy } = definition
  return {
    ...definition,
    strategy: {
      ...strategy,
      default(object) {
        const schema = schemaOf(info.group, info.version, info.kind)
        if (schema) fillZeroFields(object, schema)
        strategy.default?.(object)
      },
    },
  }
}

/**
 * Upstream's structs have a value in every field that is no pointer, and show those that are not marked as omitted when
 * empty: `resources: {}`, `status: {}`, a container's name as `""`. Of those that are, nobody can tell whether a client
 * said 0 or nothing: they are left out. Idempotent.
 */
export function fillZeroFields(object: JsonObject, schema: TypeSchema): void {
  for (const field of alwaysFields(schema)) {
    if (object[field.name] !== undefined && object[field.name] !== null) continue
    const zero = freshZero(field.type)
    if (zero !== undefined) object[field.name] = zero
  }
  for (const key of Object.keys(object)) {
    const field = schema.fields.get(key)
    if (field === undefined) continue
    if (!field.always && !field.pointer && isZero(object[key], field.type)) delete object[key]
    else fillValue(object[key], field.type)
  }
}

function isZero(value: unknown, { kind }: ValueType): boolean {
  switch (kind) {
    case 'string':
      return value === ''
    case 'bool':
      return value === false
    case 'int32':
    case 'int64':
    case 'float64':
      return value === 0
    case 'list':
      return Array.isArray(value) && value.length === 0
    case 'map':
      return isJsonObject(value) && Object.keys(value).length === 0
    default:
      return false
  }
}

function fillValue(value: unknown, type: ValueType): void {
  switch (type.kind) {
    case 'object':
      if (isJsonObject(value)) fillZeroFields(value, type.schema)
      return
    case 'list':
      if (Array.isArray(value) && holdsObjects(type.items)) for (const item of value) fillValue(item, type.items)
      return
    case 'map':
      if (isJsonObject(value) && holdsObjects(type.values)) for (const item of Object.values(value)) fillValue(item, type.values)
      return
    default:
  }
}

function holdsObjects(type: ValueType): boolean {
  return type.kind === 'object' || type.kind === 'list' || type.kind === 'map'
}

function freshZero(type: ValueType): unknown {
  switch (type.kind) {
    case 'object':
    case 'map':
      return {}
    case 'list':
      return []
    case 'string':
      return ''
    case 'int32':
    case 'int64':
    case 'float64':
    case 'IntOrString':
      return 0
    case 'bool':
      return false
    default:
      return undefined
  }
}

/** Schemas are few and stay: what is asked of each of them at every write is remembered. */
const alwaysFieldsOf = new WeakMap<TypeSchema, readonly FieldSchema[]>()

function alwaysFields(schema: TypeSchema): readonly FieldSchema[] {
  let fields = alwaysFieldsOf.get(schema)
  if (fields === undefined) {
    fields = [...schema.fields.values()].filter(({ always, pointer }) => always && !pointer)
    alwaysFieldsOf.set(schema, fields)
  }
  return fields
}

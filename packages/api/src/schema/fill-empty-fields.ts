/** What upstream's objects show although nobody set it. */

import type { FieldSchema, TypeSchema, ValueType } from './schema.ts'

type JsonObject = Record<string, unknown>

/**
 * Adds, in place, what Go writes even when it is empty: `resources: {}`, `status: {loadBalancer: {}}`, `replicas: 0`.
 * Lists and maps that are not there stay so (Go shows some as null), and so do times and strings.
 */
export function fillEmptyFields(schema: TypeSchema, object: JsonObject): void {
  for (const field of schema.fields.values()) {
    const value = object[field.name]
    if (value !== undefined) fillValue(field.type, value)
    else if (field.always && !field.pointer) addEmpty(field, object)
  }
}

function fillValue(type: ValueType, value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  if (type.kind === 'object') fillEmptyFields(type.schema, value as JsonObject)
  else if (type.kind === 'list' && type.items.kind === 'object')
    for (const item of value as unknown[]) fillValue(type.items, item)
  else if (type.kind === 'map' && type.values.kind === 'object')
    for (const item of Object.values(value)) fillValue(type.values, item)
}

function addEmpty({ name, type }: FieldSchema, object: JsonObject): void {
  switch (type.kind) {
    case 'object': {
      const empty = {}
      fillEmptyFields(type.schema, empty)
      object[name] = empty
      return
    }
    case 'int32':
    case 'int64':
      object[name] = 0
      return
    case 'bool':
      object[name] = false
      return
    default:
  }
}

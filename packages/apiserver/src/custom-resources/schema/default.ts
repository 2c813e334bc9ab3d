import { cloneJson, isJsonObject, setKey } from '../../patch/json-value.ts'
import { additionalOf, type JsonSchema, propertyOf } from './json-schema.ts'

/** Fills in, in place, the schema's defaults; a null where none may be is as good as nothing. */
export function applyDefaults(value: unknown, schema: JsonSchema | undefined): void {
  if (schema === undefined) return
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      if (item === null && schema.items?.default !== undefined && schema.items.nullable !== true) {
        value[index] = cloneJson(schema.items.default)
      }
      applyDefaults(value[index], schema.items)
    }
    return
  }
  if (!isJsonObject(value)) return
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    const missing = !Object.hasOwn(value, key) || (value[key] === null && property.nullable !== true)
    if (missing && property.default !== undefined) setKey(value, key, cloneJson(property.default))
  }
  for (const key of Object.keys(value)) {
    const inner = propertyOf(schema, key) ?? additionalOf(schema)
    if (inner === undefined) continue
    if (value[key] === null && inner.nullable !== true) {
      if (inner.default === undefined) delete value[key]
      else value[key] = cloneJson(inner.default)
    }
    applyDefaults(value[key], inner)
  }
}

import { isJsonObject, type JsonObject } from '../../patch/json-value.ts'
import { additionalOf, type JsonSchema, META_FIELDS, propertyOf } from './json-schema.ts'

/** Told of every field that was dropped: `spec.x`, `spec.list[0].y`. */
export type Dropped = (path: string) => void

interface Place {
  readonly path: string
  readonly dropped: Dropped
}

/** Drops, in place, what a custom resource's schema doesn't know. Its apiVersion, kind and metadata are left alone. */
export function pruneResource(object: JsonObject, schema: JsonSchema, dropped: Dropped = () => undefined): void {
  pruneObject(object, { ...schema, 'x-kubernetes-embedded-resource': true }, { path: '', dropped })
}

/** The same for a value inside of a resource. */
export function pruneValue(value: unknown, schema: JsonSchema | undefined, place: Place): void {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      if (schema?.['x-kubernetes-preserve-unknown-fields'] === true && schema.items === undefined) continue
      pruneValue(item, schema?.items, { ...place, path: `${place.path}[${index}]` })
    }
  } else if (isJsonObject(value)) pruneObject(value, schema, place)
}

function pruneObject(object: JsonObject, schema: JsonSchema | undefined, place: Place): void {
  for (const key of Object.keys(object)) {
    const path = place.path === '' ? key : `${place.path}.${key}`
    if (schema?.['x-kubernetes-embedded-resource'] === true && META_FIELDS.has(key)) continue
    const property = schema === undefined ? undefined : propertyOf(schema, key)
    if (property !== undefined) pruneValue(object[key], property, { ...place, path })
    else if (schema !== undefined && isOpen(schema)) pruneValue(object[key], additionalOf(schema), { ...place, path })
    else if (schema?.['x-kubernetes-preserve-unknown-fields'] !== true) {
      delete object[key]
      place.dropped(path)
    }
  }
}

function isOpen({ additionalProperties }: JsonSchema): boolean {
  return additionalProperties !== undefined && additionalProperties !== false
}

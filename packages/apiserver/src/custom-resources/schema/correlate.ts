/** Which part of the stored object a part of the new one continues: what ratcheting and transition rules compare. */

import { isJsonObject, jsonEquals, ownValue } from '../../patch/json-value.ts'
import type { JsonSchema } from './json-schema.ts'

export function oldProperty(old: unknown, key: string): unknown {
  return isJsonObject(old) ? ownValue(old, key) : undefined
}

/** Items go by their keys in a list of type map, and by nothing in others. */
export function oldItem(old: unknown, item: unknown, schema: JsonSchema): unknown {
  if (schema['x-kubernetes-list-type'] !== 'map' || !Array.isArray(old) || !isJsonObject(item)) return undefined
  const key = itemKey(item, schema)
  return old.find((candidate) => isJsonObject(candidate) && jsonEquals(itemKey(candidate, schema), key))
}

/** The fields that tell an item of a list of type map from the others; defaults count. */
export function itemKey(item: unknown, schema: JsonSchema): Record<string, unknown> {
  const key: Record<string, unknown> = {}
  if (!isJsonObject(item)) return key
  for (const name of schema['x-kubernetes-list-map-keys'] ?? []) {
    const value = ownValue(item, name) ?? schema.items?.properties?.[name]?.default
    if (value !== undefined) key[name] = value
  }
  return key
}

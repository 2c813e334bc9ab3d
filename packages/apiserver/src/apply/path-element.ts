import type { FieldSchema, ListType } from '@skiff/api'
import { isJsonObject, type JsonObject, ownValue } from '../patch/json-value.ts'

/** `f:name`: a field of a struct or a key of a map. */
export function fieldElement(name: string): string {
  return `f:${name}`
}

/** `v:"x"`: an item of a list that is a set. */
export function valueElement(value: unknown): string {
  return `v:${JSON.stringify(value)}`
}

/**
 * `k:{"name":"a"}`: an item of a list that is a map, keys sorted, defaults filled in. A key that is absent and has no
 * default is left out; undefined when there is none at all.
 */
export function keyElement(item: JsonObject, keys: readonly string[], type: ListType): string | undefined {
  const parts: JsonObject = {}
  let found = false
  for (const key of keys.length > 1 ? keys.toSorted() : keys) {
    const value = ownValue(item, key) ?? defaultOf(type, key)
    if (value === undefined) continue
    parts[key] = value
    found = true
  }
  return found ? `k:${JSON.stringify(parts)}` : undefined
}

function defaultOf({ items }: ListType, key: string): unknown {
  return items.kind === 'object' ? items.schema.fields.get(key)?.default : undefined
}

/** The element of a list's item, by the list's kind; undefined for what has no identity of its own. */
export function itemElement(item: unknown, field: FieldSchema | undefined, type: ListType): string | undefined {
  if (field?.listType === 'set') return isJsonObject(item) || Array.isArray(item) ? undefined : valueElement(item)
  return isJsonObject(item) ? keyElement(item, field?.listMapKeys ?? [], type) : undefined
}

/** As conflicts print it: `.spec.containers[name="a"].image`. */
export function printPath(elements: readonly string[]): string {
  return elements.map(printElement).join('')
}

export function printElement(element: string): string {
  const text = element.slice(2)
  switch (element.slice(0, 2)) {
    case 'f:':
      return `.${text}`
    case 'v:':
      return `[=${text}]`
    case 'k:': {
      const keys: unknown = JSON.parse(text)
      const parts = isJsonObject(keys) ? Object.entries(keys) : []
      return `[${parts.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',')}]`
    }
    default:
      return `[${text}]`
  }
}

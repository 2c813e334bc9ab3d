import { duplicate, type FieldError } from '@skiff/api'
import { isJsonObject } from '../../patch/json-value.ts'
import { itemKey } from './correlate.ts'
import { additionalOf, type JsonSchema, propertyOf } from './json-schema.ts'

/** Items that stand twice in a list of type set, or whose keys stand twice in a list of type map. */
export function listProblems(value: unknown, schema: JsonSchema | undefined, path = ''): FieldError[] {
  if (schema === undefined) return []
  if (Array.isArray(value)) {
    return [
      ...repeated(value, schema, path),
      ...value.flatMap((item, index) => listProblems(item, schema.items, `${path}[${index}]`)),
    ]
  }
  if (!isJsonObject(value)) return []
  return Object.entries(value).flatMap(([key, inner]) => {
    const property = propertyOf(schema, key)
    const place = property === undefined ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`
    return listProblems(inner, property ?? additionalOf(schema), place)
  })
}

function repeated(list: readonly unknown[], schema: JsonSchema, path: string): FieldError[] {
  const type = schema['x-kubernetes-list-type']
  if (type !== 'set' && type !== 'map') return []
  const seen = new Set<string>()
  return list.flatMap((item, index) => {
    const identity = type === 'set' ? item : itemKey(item, schema)
    const text = canonical(identity)
    if (seen.has(text)) return [duplicate(`${path}[${index}]`, identity)]
    seen.add(text)
    return []
  })
}

/** The same text for the same JSON, whatever the order of its keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    isJsonObject(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
  )
}

import { isJsonObject } from './json-value.ts'

/**
 * Where in the list the first item like a given one stands, -1 for nowhere: like it by the merge key, or as a whole without one.
 * Looked up, not searched: patches of thousands of items are taken.
 */
export function itemPlaces(list: readonly unknown[], mergeKey: string | undefined): (item: unknown) => number {
  const places = new Map<string, number>()
  for (const [index, item] of list.entries()) {
    const identity = identityOf(item, mergeKey)
    if (!places.has(identity)) places.set(identity, index)
  }
  return (item) => places.get(identityOf(item, mergeKey)) ?? -1
}

/** Equal for items that are the same. */
export function identityOf(item: unknown, mergeKey: string | undefined): string {
  if (mergeKey === undefined || !isJsonObject(item)) return canonical(item)
  return `${mergeKey} ${canonical(item[mergeKey])}`
}

/** JSON in which the order of keys is always the same. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  if (!isJsonObject(value)) return JSON.stringify(value) ?? 'undefined'
  const entries = Object.keys(value).sort()
  return `{${entries.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join()}}`
}

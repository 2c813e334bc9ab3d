import type { FieldSchema, TypeSchema, ValueType } from '@skiff/api'
import { cloneJson, isJsonObject, type JsonObject, ownValue, setKey } from '../patch/json-value.ts'
import { itemElement } from './path-element.ts'
import { type Shape, shapeOf } from './shape.ts'

/** The live object with all that the configuration says: leaves replaced, the rest merged. Neither is changed. */
export function mergeObjects(live: JsonObject, config: JsonObject, schema: TypeSchema): JsonObject {
  return mergeChildren(live, config, { kind: 'struct', schema })
}

function mergeValues(live: unknown, config: unknown, type: ValueType | undefined, field: FieldSchema | undefined): unknown {
  if (config === undefined) return cloneJson(live)
  const shape = shapeOf(type, field)
  switch (shape.kind) {
    case 'leaf':
      return cloneJson(config)
    case 'list':
      return Array.isArray(live) && Array.isArray(config) ? mergeLists(live, config, shape) : cloneJson(config ?? live)
    default:
      return isJsonObject(live) && isJsonObject(config) ? mergeChildren(live, config, shape) : cloneJson(config ?? live)
  }
}

function mergeChildren(live: JsonObject, config: JsonObject, shape: Extract<Shape, { kind: 'struct' | 'map' }>): JsonObject {
  const result: JsonObject = {}
  const keys = [...Object.keys(live), ...Object.keys(config).filter((key) => !Object.hasOwn(live, key))]
  for (const key of keys) {
    const field = shape.kind === 'struct' ? shape.schema.fields.get(key) : undefined
    const type = shape.kind === 'struct' ? field?.type : shape.values
    setKey(result, key, mergeValues(ownValue(live, key), ownValue(config, key), type, field))
  }
  return result
}

/**
 * Items of both lists keep their list's order as far as the two agree; the configuration's order wins among shared
 * items, and live items stay where they are between them (structured-merge-diff's visitListItems).
 */
function mergeLists(live: readonly unknown[], config: readonly unknown[], shape: Extract<Shape, { kind: 'list' }>): unknown[] {
  const elementOf = (item: unknown) => itemElement(item, shape.field, shape.type) ?? ''
  const ours = live.map(elementOf)
  const theirs = config.map(elementOf)
  const liveAt = indexByElement(ours)
  const configAt = indexByElement(theirs)
  const shared = theirs.filter((element) => liveAt.has(element))
  const merged = new Set<string>()
  const result: unknown[] = []
  const takeConfig = (at: number) => {
    const element = theirs[at] ?? ''
    merged.add(element)
    const place = liveAt.get(element)
    result.push(mergeValues(place === undefined ? undefined : live[place], config[at], shape.type.items, undefined))
    if (shared[0] === element) shared.shift()
  }
  let left = 0
  let right = 0
  while (left < live.length || right < config.length) {
    const element = ours[left]
    if (element !== undefined && right < config.length) {
      if (element === theirs[right]) {
        takeConfig(right++)
        left += 1
        continue
      }
      // Shared, but not the one whose turn it is.
      if (configAt.has(element) && shared.length > 0 && shared[0] !== element) {
        left += 1
        continue
      }
    }
    if (element !== undefined) {
      if (!configAt.has(element)) {
        result.push(cloneJson(live[left++]))
        continue
      }
      if (merged.has(element)) left += 1
    }
    if (right < config.length) takeConfig(right++)
  }
  return result
}

function indexByElement(elements: readonly string[]): Map<string, number> {
  return new Map(elements.map((element, index) => [element, index]))
}

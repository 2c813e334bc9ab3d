import type { FieldSchema, TypeSchema, ValueType } from '@skiff/api'
import { isJsonObject, type JsonObject, setKey } from '../patch/json-value.ts'
import { childrenOf, type FieldSet, fieldNode, isEmptySet, isMember } from './field-set.ts'
import { fieldElement, itemElement } from './path-element.ts'
import { type Shape, shapeOf } from './shape.ts'

/** The object without the fields of the set. What becomes empty by it goes as well. The object is not changed. */
export function removeFields(object: JsonObject, set: FieldSet, schema: TypeSchema): JsonObject {
  return (removeChildren(object, set, { kind: 'struct', schema }) ?? {}) as JsonObject
}

function removeFrom(value: unknown, set: FieldSet, type: ValueType | undefined, field: FieldSchema | undefined): unknown {
  const shape = shapeOf(type, field)
  switch (shape.kind) {
    case 'leaf':
      return isJsonObject(value) || Array.isArray(value) ? undefined : value
    case 'list':
      return Array.isArray(value) ? removeItems(value, set, shape) : undefined
    default:
      return isJsonObject(value) ? removeChildren(value, set, shape) : undefined
  }
}

function removeChildren(object: JsonObject, set: FieldSet, shape: Extract<Shape, { kind: 'struct' | 'map' }>): unknown {
  const result: JsonObject = {}
  for (const [key, value] of Object.entries(object)) {
    const node = set[fieldElement(key)]
    if (node !== undefined && isMember(node)) continue
    const below = node === undefined ? undefined : childrenOf(node)
    if (below === undefined || isEmptySet(below)) {
      setKey(result, key, value)
      continue
    }
    const field = shape.kind === 'struct' ? shape.schema.fields.get(key) : undefined
    const rest = removeFrom(value, below, shape.kind === 'struct' ? field?.type : shape.values, field)
    if (rest !== undefined) setKey(result, key, rest)
  }
  return Object.keys(result).length === 0 ? undefined : result
}

function removeItems(list: readonly unknown[], set: FieldSet, { type, field }: Extract<Shape, { kind: 'list' }>): unknown {
  const result: unknown[] = []
  for (const item of list) {
    const element = itemElement(item, field, type)
    const node = element === undefined ? undefined : set[element]
    if (node !== undefined && isMember(node)) continue
    const below = node === undefined ? undefined : childrenOf(node)
    if (below === undefined || isEmptySet(below)) result.push(item)
    else {
      const rest = removeFrom(item, below, type.items, undefined)
      if (rest !== undefined) result.push(rest)
    }
  }
  return result.length === 0 ? undefined : result
}

/** The set with every struct field that has something below it: whoever owns a struct's fields may remove the struct. */
export function withNamedFields(set: FieldSet, type: ValueType | undefined, field?: FieldSchema): FieldSet {
  const shape = shapeOf(type, field)
  const result: Record<string, FieldSet> = {}
  for (const [element, node] of Object.entries(childrenOf(set))) {
    const name = element.startsWith('f:') ? element.slice(2) : undefined
    const child = shape.kind === 'struct' && name !== undefined ? shape.schema.fields.get(name) : undefined
    const childType = child?.type ?? (shape.kind === 'map' ? shape.values : shape.kind === 'list' ? shape.type.items : undefined)
    const children = withNamedFields(childrenOf(node), childType, child)
    const member = isMember(node) || child !== undefined
    result[element] = fieldNode(member, children) ?? {}
  }
  return result
}

import type { FieldSchema, TypeSchema, ValueType } from '@skiff/api'
import { isJsonObject, type JsonObject } from '../patch/json-value.ts'
import { EMPTY_SET, type FieldSet, fieldNode } from './field-set.ts'
import { fieldElement, itemElement } from './path-element.ts'
import { type Shape, shapeOf } from './shape.ts'

/** Every field that an object sets: what one who applies it says to own. */
export function fieldSetOf(object: JsonObject, schema: TypeSchema): FieldSet {
  return fieldsOf(object, { kind: 'struct', schema })
}

function nodeOf(value: unknown, type: ValueType | undefined, field: FieldSchema | undefined): FieldSet | undefined {
  const shape = shapeOf(type, field)
  if (shape.kind === 'leaf') return fieldNode(true, EMPTY_SET)
  if (shape.kind === 'list') return Array.isArray(value) ? fieldNode(false, itemsOf(value, shape)) : undefined
  if (!isJsonObject(value)) return type?.kind === 'map' && type.deduced ? fieldNode(true, EMPTY_SET) : undefined
  return fieldNode(false, fieldsOf(value, shape))
}

function fieldsOf(object: JsonObject, shape: Extract<Shape, { kind: 'struct' | 'map' }>): FieldSet {
  const result: Record<string, FieldSet> = {}
  for (const [key, value] of Object.entries(object)) {
    const field = shape.kind === 'struct' ? shape.schema.fields.get(key) : undefined
    const below = nodeOf(value, shape.kind === 'struct' ? field?.type : shape.values, field)
    const member = field === undefined || value === null || isEmptyObject(value)
    const node = fieldNode(member || (below !== undefined && isLeafNode(below)), below ?? EMPTY_SET)
    if (node !== undefined) result[fieldElement(key)] = node
  }
  return result
}

function itemsOf(list: readonly unknown[], { type, field }: Extract<Shape, { kind: 'list' }>): FieldSet {
  const result: Record<string, FieldSet> = {}
  for (const item of list) {
    const element = itemElement(item, field, type)
    if (element === undefined) continue
    result[element] = fieldNode(true, nodeOf(item, type.items, undefined) ?? EMPTY_SET) ?? EMPTY_SET
  }
  return result
}

function isLeafNode(node: FieldSet): boolean {
  for (const _ in node) return false
  return true
}

function isEmptyObject(value: unknown): boolean {
  return isJsonObject(value) && Object.keys(value).length === 0
}

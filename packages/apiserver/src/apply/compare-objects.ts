import type { FieldSchema, TypeSchema, ValueType } from '@skiff/api'
import { isJsonObject, type JsonObject, jsonEquals, ownValue } from '../patch/json-value.ts'
import { EMPTY_SET, type FieldSet, fieldNode } from './field-set.ts'
import { fieldElement, itemElement } from './path-element.ts'
import { type Shape, shapeOf, zeroOf } from './shape.ts'

export interface Comparison {
  /** Paths that are new or whose value changed. */
  readonly changed: FieldSet
  readonly removed: FieldSet
}

/** Both absent where there is nothing to tell: most of an object, in most updates. */
interface Delta {
  readonly changed: FieldSet | undefined
  readonly removed: FieldSet | undefined
}

const ADDED_LEAF: Delta = { changed: {}, removed: undefined }
const REMOVED_LEAF: Delta = { changed: undefined, removed: {} }

/**
 * What leads from one object to the other, field by field as the schema divides them. `old` of a create is the empty
 * object, which upstream's structs make non-empty: see `zeroOf`.
 */
export function compareObjects(old: JsonObject, next: JsonObject, schema: TypeSchema): Comparison {
  const delta = compareChildren(old, next, { kind: 'struct', schema })
  return { changed: delta?.changed ?? EMPTY_SET, removed: delta?.removed ?? EMPTY_SET }
}

function compareValues(
  old: unknown,
  next: unknown,
  type: ValueType | undefined,
  field: FieldSchema | undefined,
): Delta | undefined {
  if (old === next || (isAbsent(old) && isAbsent(next))) return undefined
  const shape = shapeOf(type, field)
  const isLeaf = shape.kind === 'leaf' || !fits(old, shape) || !fits(next, shape) || (isEmptyValue(old) && isEmptyValue(next))
  if (isLeaf) return compareLeaves(old, next)
  const below = shape.kind === 'list' ? compareLists(old, next, shape) : compareChildren(old, next, shape)
  if (!isAbsent(old) && !isAbsent(next)) return below
  // The container itself came or went.
  return isAbsent(old)
    ? { changed: fieldNode(true, below?.changed ?? EMPTY_SET), removed: below?.removed }
    : { changed: below?.changed, removed: fieldNode(true, below?.removed ?? EMPTY_SET) }
}

function compareLeaves(old: unknown, next: unknown): Delta | undefined {
  if (isAbsent(old)) return ADDED_LEAF
  if (isAbsent(next)) return REMOVED_LEAF
  return jsonEquals(old, next) ? undefined : ADDED_LEAF
}

function compareChildren(old: unknown, next: unknown, shape: Extract<Shape, { kind: 'struct' | 'map' }>): Delta | undefined {
  const before = isJsonObject(old) ? old : undefined
  const after = isJsonObject(next) ? next : undefined
  const collector = new DeltaCollector()
  const visit = (key: string) => {
    const field = shape.kind === 'struct' ? shape.schema.fields.get(key) : undefined
    const type = shape.kind === 'struct' ? field?.type : shape.values
    const zero = zeroOf(field)
    const left = before === undefined ? undefined : (ownValue(before, key) ?? zero)
    const right = after === undefined ? undefined : (ownValue(after, key) ?? zero)
    const delta = compareValues(left, right, type, field)
    if (delta !== undefined) collector.add(fieldElement(key), delta)
  }
  for (const key in after) visit(key)
  for (const key in before) if (after === undefined || !Object.hasOwn(after, key)) visit(key)
  return collector.delta()
}

function compareLists(old: unknown, next: unknown, shape: Extract<Shape, { kind: 'list' }>): Delta | undefined {
  if (jsonEquals(old, next)) return undefined
  const before = itemsByElement(old, shape)
  const after = itemsByElement(next, shape)
  const collector = new DeltaCollector()
  for (const [element, items] of after) collector.add(element, compareItems(before.get(element), items, shape))
  for (const [element, items] of before) if (!after.has(element)) collector.add(element, compareItems(items, undefined, shape))
  return collector.delta()
}

/** Items that share one key (which validation forbids) are one leaf together. */
function compareItems(
  old: readonly unknown[] | undefined,
  next: readonly unknown[] | undefined,
  shape: Extract<Shape, { kind: 'list' }>,
): Delta | undefined {
  const single = (old?.length ?? 0) <= 1 && (next?.length ?? 0) <= 1
  if (!single) return compareLeaves(old, next)
  return compareValues(old?.[0], next?.[0], shape.type.items, undefined)
}

function itemsByElement(list: unknown, { type, field }: Extract<Shape, { kind: 'list' }>): Map<string, unknown[]> {
  const items = new Map<string, unknown[]>()
  for (const item of Array.isArray(list) ? list : []) {
    const element = itemElement(item, field, type)
    if (element === undefined) continue
    const same = items.get(element)
    if (same) same.push(item)
    else items.set(element, [item])
  }
  return items
}

class DeltaCollector {
  private changed: Record<string, FieldSet> | undefined
  private removed: Record<string, FieldSet> | undefined

  add(element: string, delta: Delta | undefined): void {
    if (delta?.changed) {
      this.changed ??= {}
      this.changed[element] = delta.changed
    }
    if (delta?.removed) {
      this.removed ??= {}
      this.removed[element] = delta.removed
    }
  }

  delta(): Delta | undefined {
    return this.changed || this.removed ? { changed: this.changed, removed: this.removed } : undefined
  }
}

function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null
}

function fits(value: unknown, shape: Shape): boolean {
  if (isAbsent(value)) return true
  return shape.kind === 'list' ? Array.isArray(value) : isJsonObject(value)
}

function isEmptyValue(value: unknown): boolean {
  if (isAbsent(value)) return true
  if (Array.isArray(value)) return value.length === 0
  if (!isJsonObject(value)) return false
  for (const _ in value) return false
  return true
}

import type { FieldSchema, TypeSchema, ValueType } from '@skiff/api'
import { childrenOf, type FieldSet, isEmptySet } from './field-set.ts'
import type { ManagedEntry } from './managed-fields.ts'
import { shapeOf } from './shape.ts'

/**
 * A field that became atomic since an entry was written, as the schema of a custom kind may change, is owned as a
 * whole by who owned anything in it. Entries of other versions are left alone.
 */
export function reconcileEntries(
  entries: readonly ManagedEntry[],
  apiVersion: string,
  schema: TypeSchema | undefined,
): readonly ManagedEntry[] {
  if (schema === undefined) return entries
  return entries.map((entry) => {
    if (entry.apiVersion !== apiVersion) return entry
    const fields = reconcile(entry.fields, { kind: 'object', schema }, undefined)
    return fields === entry.fields ? entry : { ...entry, fields }
  })
}

function reconcile(node: FieldSet, type: ValueType | undefined, field: FieldSchema | undefined): FieldSet {
  if (type === undefined || isEmptySet(node)) return node
  const shape = shapeOf(type, field)
  if (shape.kind === 'leaf') return isContainer(type) ? WHOLE : node
  let result: Record<string, FieldSet> | undefined
  for (const [element, below] of Object.entries(childrenOf(node))) {
    const child = shape.kind === 'struct' ? shape.schema.fields.get(element.slice(2)) : undefined
    const childType = shape.kind === 'struct' ? child?.type : shape.kind === 'map' ? shape.values : shape.type.items
    const kept = reconcile(below, childType, child)
    if (kept === below) continue
    result ??= { ...node }
    result[element] = kept
  }
  return result ?? node
}

const WHOLE: FieldSet = {}

function isContainer({ kind }: ValueType): boolean {
  return kind === 'object' || kind === 'map' || kind === 'list'
}

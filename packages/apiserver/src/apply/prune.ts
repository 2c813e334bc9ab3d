import type { TypeSchema } from '@skiff/api'
import type { JsonObject } from '../patch/json-value.ts'
import { type FieldSet, intersectSets, subtractSets, unionSets } from './field-set.ts'
import { fieldSetOf } from './field-set-of.ts'
import { removeFields, withNamedFields } from './remove-fields.ts'

export interface Pruning {
  readonly merged: JsonObject
  /** What the manager applied the last time. */
  readonly last: FieldSet
  /** What anybody owns now, the manager's new configuration included. */
  readonly owned: FieldSet
  readonly schema: TypeSchema
}

/**
 * Removes what the manager applied before and neither it nor anybody else owns now. In three steps as upstream: remove
 * all of it; put back what is owned; put back what went with it but was never the manager's.
 */
export function pruneFormerlyApplied({ merged, last, owned, schema }: Pruning): JsonObject {
  const named = (set: FieldSet) => withNamedFields(set, { kind: 'object', schema })
  const all = named(fieldSetOf(merged, schema))
  const stripped = removeFields(merged, named(last), schema)
  const kept = unionSets(named(fieldSetOf(stripped, schema)), named(owned))
  const pruned = removeFields(merged, subtractSets(all, kept), schema)
  const gone = subtractSets(all, named(fieldSetOf(pruned, schema)))
  return removeFields(merged, intersectSets(gone, named(last)), schema)
}

import type { KubeObject, TypeSchema } from '@skiff/api'
import { isJsonObject, type JsonObject, jsonEquals } from '../patch/json-value.ts'
import { compareObjects } from './compare-objects.ts'
import { EMPTY_SET, isEmptySet, isFieldSet, subtractSets, unionSets } from './field-set.ts'
import {
  capUpdaters,
  isSameManager,
  type ManagedEntry,
  managedEntriesOf,
  ownable,
  timestamp,
  writeManagedEntries,
} from './managed-fields.ts'
import { reconcileEntries } from './reconcile.ts'

export interface TrackedUpdate {
  readonly old: KubeObject | undefined
  /** Its metadata.managedFields is written. */
  readonly new: KubeObject
  readonly manager: string
  readonly operation: 'Update'
  readonly apiVersion: string
  readonly schema: TypeSchema | undefined
  /** '' for the object itself. */
  readonly subresource: string
  readonly now: Date
}

/**
 * After a POST, PUT or PATCH other than apply: what changed belongs to who changed it and to nobody else, what is gone
 * to nobody. An object whose managedFields were cleared is left alone until somebody applies it.
 */
export function trackUpdate(update: TrackedUpdate): void {
  const { old, new: object, schema } = update
  const entries = reconcileEntries(entriesBefore(update), update.apiVersion, schema)
  if (schema === undefined || (old !== undefined && entries.length === 0)) {
    writeManagedEntries(object, entries)
    return
  }
  const { changed, removed } = compareObjects(old ?? NOTHING, object, schema)
  const taken = ownable(changed, update.subresource)
  const gone = ownable(removed, update.subresource)
  if (isEmptySet(taken) && isEmptySet(gone)) {
    writeManagedEntries(object, entries)
    return
  }
  const lost = unionSets(gone, taken)
  const others = entries.map((entry) => withFields(entry, subtractSets(entry.fields, lost)))
  writeManagedEntries(object, capUpdaters(isEmptySet(taken) ? others : withTaken(others, taken, update)))
}

const NOTHING: JsonObject = {}

/**
 * A client that does not know managedFields, or sends what can't be read, keeps them; one that sends `[]` or `[{}]`
 * clears them.
 */
function entriesBefore({ old, new: object, subresource }: TrackedUpdate): ManagedEntry[] {
  const sent: unknown = object.metadata.managedFields
  const known = old?.metadata.managedFields
  if (subresource !== '' || sent === undefined || sent === null || jsonEquals(sent, known)) return managedEntriesOf(old)
  if (isReset(sent)) return []
  return areReadable(sent) ? managedEntriesOf(object) : managedEntriesOf(old)
}

function areReadable(sent: unknown): boolean {
  return Array.isArray(sent) && sent.every((entry) => isJsonObject(entry) && isFieldSet(entry.fieldsV1 ?? {}))
}

function isReset(sent: unknown): boolean {
  if (!Array.isArray(sent)) return false
  return sent.length === 0 || (sent.length === 1 && isJsonObject(sent[0]) && Object.keys(sent[0]).length === 0)
}

function withTaken(entries: readonly ManagedEntry[], taken: ManagedEntry['fields'], update: TrackedUpdate): ManagedEntry[] {
  const { manager, operation, apiVersion, subresource, now } = update
  const own = { manager, operation, apiVersion, subresource }
  const before = entries.find((entry) => isSameManager(entry, own))
  const entry = { ...own, time: timestamp(now), fields: unionSets(before?.fields ?? EMPTY_SET, taken) }
  return [...entries.filter((each) => each !== before), entry]
}

function withFields(entry: ManagedEntry, fields: ManagedEntry['fields']): ManagedEntry {
  return fields === entry.fields ? entry : { ...entry, fields }
}

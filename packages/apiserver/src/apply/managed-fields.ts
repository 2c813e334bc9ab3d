import { type KubeObject, rfc3339 } from '@skiff/api'
import { isJsonObject } from '../patch/json-value.ts'
import { EMPTY_SET, type FieldSet, isEmptySet, subtractSets, unionSets } from './field-set.ts'

/** One entry of metadata.managedFields. */
export interface ManagedEntry {
  readonly manager: string
  readonly operation: 'Apply' | 'Update'
  readonly apiVersion: string
  readonly time: string | undefined
  readonly subresource: string
  readonly fields: FieldSet
}

type Identity = Pick<ManagedEntry, 'manager' | 'operation' | 'apiVersion' | 'subresource'>

const MAX_UPDATERS = 10
const OLD_UPDATERS = 'ancient-changes'

/** Nobody owns what identifies an object or what only the server writes. */
const NEVER_OWNED: FieldSet = {
  'f:apiVersion': {},
  'f:kind': {},
  'f:metadata': {
    '.': {},
    'f:name': {},
    'f:namespace': {},
    'f:creationTimestamp': {},
    'f:selfLink': {},
    'f:uid': {},
    'f:generation': {},
    'f:managedFields': {},
    'f:resourceVersion': {},
  },
}

/** The parts that a path of an object never writes, whatever is sent to it. */
export function ownable(set: FieldSet, subresource: string): FieldSet {
  const rest = subtractSets(set, NEVER_OWNED)
  const foreign = subresource === 'status' ? 'f:spec' : subresource === '' ? 'f:status' : undefined
  if (foreign === undefined || !(foreign in rest)) return rest
  const { [foreign]: _, ...own } = rest
  return own
}

export function managedEntriesOf(object: Pick<KubeObject, 'metadata'> | undefined): ManagedEntry[] {
  const listed: unknown = object?.metadata?.managedFields
  return Array.isArray(listed) ? listed.flatMap(readEntry) : []
}

function readEntry(entry: unknown): ManagedEntry[] {
  if (!isJsonObject(entry) || (entry.operation !== 'Apply' && entry.operation !== 'Update')) return []
  const { manager, operation, apiVersion, time, subresource, fieldsV1 } = entry
  return [
    {
      manager: text(manager),
      operation,
      apiVersion: text(apiVersion),
      time: typeof time === 'string' ? time : undefined,
      subresource: text(subresource),
      fields: isJsonObject(fieldsV1) ? (fieldsV1 as FieldSet) : EMPTY_SET,
    },
  ]
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** Empty entries vanish; the others stand in upstream's order: Apply first, then by time, then by name. */
export function writeManagedEntries(object: KubeObject, entries: readonly ManagedEntry[]): void {
  const kept = entries.filter(({ fields }) => !isEmptySet(fields)).sort(compareEntries)
  const { metadata } = object
  if (kept.length === 0) delete metadata.managedFields
  else metadata.managedFields = kept.map(writeEntry)
}

function writeEntry({ manager, operation, apiVersion, time, subresource, fields }: ManagedEntry) {
  return {
    manager,
    operation,
    apiVersion,
    ...(time === undefined ? {} : { time }),
    fieldsType: 'FieldsV1',
    fieldsV1: fields,
    ...(subresource === '' ? {} : { subresource }),
  }
}

function compareEntries(left: ManagedEntry, right: ManagedEntry): number {
  return (
    compareText(left.operation, right.operation) ||
    compareText(left.time ?? '', right.time ?? '') ||
    compareText(left.manager, right.manager) ||
    compareText(left.apiVersion, right.apiVersion) ||
    compareText(left.subresource, right.subresource)
  )
}

export function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}

/** An applier is the same one in every version; an updater is not. */
export function isSameManager(left: Identity, right: Identity): boolean {
  return (
    left.manager === right.manager &&
    left.operation === right.operation &&
    left.subresource === right.subresource &&
    (left.operation === 'Apply' || left.apiVersion === right.apiVersion)
  )
}

export function timestamp(now: Date): string {
  return rfc3339(now)
}

/** Beyond ten updaters the oldest become one, so that objects with many writers do not grow for ever. */
export function capUpdaters(entries: readonly ManagedEntry[]): readonly ManagedEntry[] {
  const updaters = entries.filter(({ operation }) => operation === 'Update')
  const surplus = updaters.length - MAX_UPDATERS
  if (surplus <= 0) return entries
  const oldest = updaters.toSorted((a, b) => compareText(a.time ?? '', b.time ?? '')).slice(0, surplus + 1)
  const buckets = new Map<string, ManagedEntry>()
  for (const entry of oldest) {
    const bucket = buckets.get(entry.apiVersion)
    const fields = bucket ? unionSets(bucket.fields, entry.fields) : entry.fields
    buckets.set(entry.apiVersion, { ...entry, manager: OLD_UPDATERS, subresource: '', fields })
  }
  return [...entries.filter((entry) => !oldest.includes(entry)), ...buckets.values()]
}

import { badRequest, type KubeObject, type TypeSchema } from '@skiff/api'
import { type JsonObject, jsonEquals } from '../patch/json-value.ts'
import { configProblems, untypedConfig } from './check-config.ts'
import { compareObjects } from './compare-objects.ts'
import { type Conflict, conflictError } from './conflicts.ts'
import { type FieldSet, intersectSets, isEmptySet, sameSets, subtractSets, unionSets } from './field-set.ts'
import { fieldSetOf } from './field-set-of.ts'
import { KUBECTL_MANAGER, lastAppliedFields, refreshLastApplied } from './last-applied.ts'
import { isSameManager, type ManagedEntry, managedEntriesOf, ownable, timestamp, writeManagedEntries } from './managed-fields.ts'
import { mergeObjects } from './merge-objects.ts'
import { pruneFormerlyApplied } from './prune.ts'
import { reconcileEntries } from './reconcile.ts'

export interface Application {
  /** Undefined when the object is not there yet. Not changed. */
  readonly live: KubeObject | undefined
  readonly config: KubeObject
  readonly manager: string
  readonly force: boolean
  readonly schema: TypeSchema
  readonly apiVersion: string
  readonly now: Date
  readonly subresource: string
}

const FIRST_MANAGER = 'before-first-apply'

/** Every configuration has its name: the metadata stay, though nobody may own anything else in them. */
const NAMED: FieldSet = { 'f:metadata': { 'f:name': {} } }

/**
 * The live object with the configuration in it, and managedFields that say so. What the manager applied before and
 * leaves out now is removed unless somebody else owns it. Throws 409 when it would change what another owns, unless
 * forced; 400 and 500 for configurations that can't be applied, as upstream does.
 *
 * An application that changes nothing gives back the live object as it was, managedFields and their times included.
 */
export function serverSideApply(application: Application): KubeObject {
  const { live, config, schema, subresource } = application
  checkConfig(application)
  const before: JsonObject = withoutManagedFields(live) ?? {}
  const entries = entriesBefore(application)
  const own = ownEntry(application)
  const last = entries.find((entry) => isSameManager(entry, own))
  const others = entries.filter((entry) => entry !== last)

  const merged = mergeObjects(before, config, schema)
  const owned = unionSets(ownedBy([...others, own]), NAMED)
  const object = last ? pruneFormerlyApplied({ merged, last: last.fields, owned, schema }) : merged
  const { changed, removed } = compareObjects(before, object, schema)
  const conflicts = others.flatMap((entry) => conflictWith(entry, ownable(changed, subresource)))
  if (conflicts.length > 0 && !application.force && !areFromClientSideApply(conflicts, application))
    throw conflictError(conflicts)

  const lost = unionSets(ownable(changed, subresource), removed)
  const remaining = others.map((entry) => ({ ...entry, fields: subtractSets(entry.fields, lost) }))
  const isUnchanged = last !== undefined && jsonEquals(before, object) && sameSets(last.fields, own.fields)
  const result = object as KubeObject
  if (application.manager === KUBECTL_MANAGER) refreshLastApplied(result, config)
  writeManagedEntries(result, [...remaining, isUnchanged ? { ...own, time: last.time } : own])
  return result
}

function checkConfig({ config, apiVersion, schema }: Application): void {
  if (config.apiVersion !== apiVersion) {
    const given = config.apiVersion ?? ''
    throw badRequest(`Incorrect version specified in apply patch. Specified patch version: ${given}, expected: ${apiVersion}`)
  }
  if (config.metadata?.managedFields !== undefined) throw badRequest('metadata.managedFields must be nil')
  const problems = configProblems(config, schema)
  if (problems.length === 0) return
  const { namespace = '', name = '' } = config.metadata ?? {}
  throw untypedConfig({ apiVersion, kind: config.kind, namespace, name }, problems)
}

function withoutManagedFields(live: KubeObject | undefined): JsonObject | undefined {
  if (live === undefined) return undefined
  const { managedFields: _, ...metadata } = live.metadata
  return { ...live, metadata }
}

/** An object that nobody has applied and whose writers are not known belongs to one who came before. */
function entriesBefore({ live, apiVersion, schema, now }: Application): readonly ManagedEntry[] {
  const entries = reconcileEntries(managedEntriesOf(live), apiVersion, schema)
  const object = withoutManagedFields(live)
  if (entries.length > 0 || object === undefined) return entries
  const { changed } = compareObjects({}, object, schema)
  const identity = { manager: FIRST_MANAGER, operation: 'Update' as const, apiVersion, subresource: '' }
  return [{ ...identity, time: timestamp(now), fields: ownable(changed, '') }]
}

function ownEntry({ config, manager, apiVersion, subresource, schema, now }: Application): ManagedEntry {
  const fields = ownable(fieldSetOf(config, schema), subresource)
  return { manager, operation: 'Apply', apiVersion, subresource, time: timestamp(now), fields }
}

function ownedBy(entries: readonly ManagedEntry[]): FieldSet {
  return entries.reduce<FieldSet>((union, { fields }) => unionSets(union, fields), {})
}

function conflictWith(entry: ManagedEntry, changed: FieldSet): Conflict[] {
  const fields = intersectSets(entry.fields, changed)
  return isEmptySet(fields) ? [] : [{ entry, fields }]
}

function areFromClientSideApply(conflicts: readonly Conflict[], { live, manager, schema }: Application): boolean {
  if (manager !== KUBECTL_MANAGER || live === undefined) return false
  const known = lastAppliedFields(live, schema)
  return conflicts.every(({ fields }) => isEmptySet(subtractSets(fields, known)))
}

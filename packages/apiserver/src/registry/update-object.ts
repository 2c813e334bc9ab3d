import { conflict, invalid, invalidObject, isAlreadyExists, type KubeObject, notFound } from '@skiff/api'
import { type Entry, KeyNotFoundError, RevisionConflictError } from '@skiff/store'
import { trackUpdate } from '../apply/index.ts'
import { cloneJson } from '../patch/json-value.ts'
import type { WriteClaims } from './claims.ts'
import { createObject, trackingOf, withStatusOf } from './create-object.ts'
import { decideOnLatest, isDurable, type UnderWay } from './decide-on-latest.ts'
import { deletionIsComplete } from './deletion.ts'
import { encodeObject } from './object-bytes.ts'
import { carryOverMetadata, dropEmptyMetadata, validateMetadata, validateMetadataUpdate } from './object-metadata.ts'
import { isAnothersUid, preconditionFailed } from './preconditions.ts'
import type { StrategyContext, SubresourceName } from './resource-definition.ts'
import type { ResourceRegistry } from './resource-registry.ts'
import { sameFieldsBut, sameJson } from './same-json.ts'
import type { EntryObject, StoredObject } from './stored-object.ts'
import { type ObjectRef, optionsOf, type WriteContext } from './write-context.ts'

export interface Change {
  readonly subresource: SubresourceName | ''
  /** The object as it should become: a fresh copy. Called again after a conflict. `old` is read-only; undefined: it is missing. */
  readonly apply: (old: KubeObject | undefined) => KubeObject
  /** What to do when it is missing. */
  readonly createIfMissing: boolean
  /** A client's whole object (PUT): a kind may insist on its revision. */
  readonly replaces?: boolean
  /** `apply` maintains managedFields itself (server-side apply). */
  readonly tracksFields?: boolean
}

export interface UpdateOutcome {
  readonly stored: StoredObject
  readonly created: boolean
}

interface Update {
  readonly ref: ObjectRef
  readonly change: Change
  readonly write: WriteContext
}

/** Each round is lost only to another write that got through. */
const CONFLICT_ATTEMPTS = 50

export async function updateObject(registry: ResourceRegistry, update: Update): Promise<UpdateOutcome> {
  for (let attempt = 1; ; attempt++) {
    const outcome = await decideOnLatest(registry, update.ref, (found, passOn) =>
      updateFound(registry, found, { ...update, passOn }),
    )
    if (outcome !== 'conflict') return outcome
    if (attempt >= CONFLICT_ATTEMPTS) throw conflict(registry.qualifiedName, update.ref.name)
  }
}

async function updateFound(
  registry: ResourceRegistry,
  found: EntryObject | undefined,
  update: Update & { readonly passOn: () => void },
): Promise<UnderWay<UpdateOutcome>> {
  if (found === undefined) return { outcome: createInstead(registry, update) }
  const object = update.change.apply(found.object)
  const conditional = checkPreconditions(registry, object, { found, change: update.change })
  const claims = registry.shared.claims.open()
  try {
    await prepare(registry, { ...update, object, old: found.object, claims })
  } catch (error) {
    claims.release()
    throw error
  }
  const isSame = sameBut(object, found.object)
  return {
    outcome: isSame
      ? unchanged(registry, update, { found, claims })
      : written(registry, update, { object, found, conditional, claims }),
  }
}

async function createInstead(registry: ResourceRegistry, { ref, change, write }: Update): Promise<UpdateOutcome | 'conflict'> {
  if (!change.createIfMissing) throw notFound(registry.qualifiedName, ref.name)
  const object = change.apply(undefined)
  requireNoUid(registry, object, change)
  // Of a revision alone upstream takes no notice.
  object.metadata = withoutPreconditions(object.metadata)
  const creation = {
    object,
    namespace: ref.namespace,
    write,
    tracksFields: change.tracksFields ?? false,
  }
  try {
    return { stored: await createObject(registry, creation), created: true }
  } catch (error) {
    // Somebody else has just created it: then it is an update.
    if (isAlreadyExists(error)) return 'conflict'
    throw error
  }
}

/** Who names a uid means an object that is gone by now. */
function requireNoUid({ qualifiedName }: ResourceRegistry, { metadata: { uid, name } }: KubeObject, { replaces }: Change): void {
  if (!isAnothersUid(uid, '')) return
  if (replaces) throw preconditionFailed(qualifiedName, name, { what: 'UID', asked: uid, is: '' })
  throw conflict(qualifiedName, name, `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`)
}

function withoutPreconditions({ uid: _uid, resourceVersion: _revision, ...metadata }: KubeObject['metadata']) {
  return metadata as KubeObject['metadata']
}

/** A write that changes nothing is not stored. */
async function unchanged(
  registry: ResourceRegistry,
  { ref }: Update,
  { found, claims }: Pick<Writing, 'found' | 'claims'>,
): Promise<UpdateOutcome | 'conflict'> {
  try {
    return (await isDurable(registry, ref, found)) ? { stored: found, created: false } : 'conflict'
  } finally {
    claims.release()
  }
}

interface Writing {
  readonly object: KubeObject
  readonly found: EntryObject
  readonly conditional: boolean
  /** Released when it has ended. */
  readonly claims: WriteClaims
}

async function written(
  registry: ResourceRegistry,
  { ref, write }: Update,
  writing: Writing,
): Promise<UpdateOutcome | 'conflict'> {
  try {
    return { stored: await save(registry, { ...writing, dryRun: write.dryRun }), created: false }
  } catch (error) {
    // Deleted meanwhile: it is missing, whatever revision was named.
    if (error instanceof KeyNotFoundError) return 'conflict'
    if (!(error instanceof RevisionConflictError)) throw error
    if (writing.conditional) throw conflict(registry.qualifiedName, ref.name)
    return 'conflict'
  } finally {
    writing.claims.release()
  }
}

/** True when the client named the revision that it wants to change. */
function checkPreconditions(
  registry: ResourceRegistry,
  object: KubeObject,
  { found, change }: { readonly found: EntryObject; readonly change: Change },
): boolean {
  const { uid, name } = object.metadata
  const known = found.object.metadata
  const isAnother = isAnothersUid(uid, known.uid)
  if (isAnother && change.replaces === true) {
    throw preconditionFailed(registry.qualifiedName, name, { what: 'UID', asked: uid, is: known.uid })
  }
  const conditional = checkRevision(registry, object.metadata, known.resourceVersion, change)
  // A patch has no preconditions, but may not change this.
  if (isAnother) throw invalidObject(registry.info, name, [invalid('metadata.uid', uid, 'field is immutable')])
  return conditional
}

function checkRevision(
  registry: ResourceRegistry,
  { resourceVersion, name }: KubeObject['metadata'],
  newest: string,
  change: Change,
): boolean {
  if (resourceVersion === undefined || resourceVersion === '') {
    if (!registry.definition.requireRevisionOnUpdate || change.replaces !== true) return false
    throw invalidObject(registry.info, name, [
      { type: 'Invalid', field: 'metadata.resourceVersion', badValue: 0, detail: 'must be specified for an update' },
    ])
  }
  if (resourceVersion !== newest) throw conflict(registry.qualifiedName, name)
  return true
}

interface Preparation extends Update {
  readonly object: KubeObject
  readonly old: KubeObject
  readonly claims: WriteClaims
  readonly passOn: () => void
}

async function prepare(registry: ResourceRegistry, preparation: Preparation): Promise<void> {
  const { object, old, write, ref, change } = preparation
  const { info, shared, definition } = registry
  const now = shared.clock()
  const metadataErrors = changesMetadata(registry, change) ? carryOverMetadata(object, old) : keepMetadata(object, old)
  object.metadata.resourceVersion = old.metadata.resourceVersion
  const request = {
    operation: 'UPDATE' as const,
    user: write.user,
    info,
    subresource: change.subresource,
    namespace: ref.namespace,
    name: ref.name,
    object,
    old,
    options: optionsOf(write, 'UpdateOptions'),
    dryRun: write.dryRun,
    warn: write.warn,
    atEnd: preparation.claims.atEnd,
    takesTime: preparation.passOn,
  }
  // What the server fills in below belongs to nobody.
  if (!change.tracksFields) {
    const asked = change.subresource === '' ? withStatusOf(registry, object, old) : object
    const tracking = { ...trackingOf(registry), subresource: change.subresource }
    trackUpdate({ ...tracking, old, new: asked, manager: write.manager, operation: 'Update', now })
  }
  const completing = write.admission.mutate(request)
  if (completing !== undefined) await completing
  const context: StrategyContext = { ...shared, user: write.user, dryRun: write.dryRun, now, claims: preparation.claims }
  prepareBySubresource(registry, preparation, context)
  dropEmptyMetadata(object)
  if (COUNTED.has(change.subresource)) countGeneration(registry, object, old)
  const errors = [...metadataErrors, ...problemsOf(registry, preparation)]
  if (errors.length > 0) throw invalidObject(info, ref.name, errors)
  if (COUNTED.has(change.subresource)) {
    for (const warning of definition.strategy.warnings?.(object, old) ?? []) write.warn(warning)
  }
  definition.strategy.canonicalize?.(object)
  const judging = write.admission.validate(request)
  if (judging !== undefined) await judging
  const preparing = registry.prepareToStore(object)
  if (preparing !== undefined) await preparing
}

/** Where a change of the spec is a new generation; a binding or an approval is none. */
const COUNTED: ReadonlySet<Change['subresource']> = new Set(['', 'scale', 'ephemeralcontainers', 'resize'])

/** Labels, annotations and the like may come by the main path and, for most kinds, with a status. */
function changesMetadata({ definition }: ResourceRegistry, { subresource }: Change): boolean {
  if (subresource === 'status') return definition.strategy.statusKeepsMetadata !== true
  return subresource === '' || subresource === 'approval' || subresource === 'finalize'
}

/** Other subresources change no metadata but what managedFields says of it. */
function keepMetadata(object: KubeObject, old: KubeObject): [] {
  const { managedFields } = object.metadata
  object.metadata = cloneJson(old.metadata)
  if (managedFields !== undefined) object.metadata.managedFields = managedFields
  return []
}

function prepareBySubresource(registry: ResourceRegistry, { object, old, change }: Preparation, context: StrategyContext): void {
  const { strategy } = registry.definition
  switch (change.subresource) {
    case '':
    case 'scale':
      strategy.prepareForUpdate?.(object, old, context)
      return
    case 'status':
      keepAllBut(object, old, 'status')
      strategy.prepareForStatusUpdate?.(object, old, context)
      return
    case 'finalize':
      keepAllBut(object, old, 'spec')
      return
    case 'binding':
      // Made by the verb itself out of the stored object.
      return
    default:
      strategy.prepareForSubresource?.(change.subresource, object, old, context)
  }
}

function keepAllBut(object: KubeObject, old: KubeObject, field: 'status' | 'spec'): void {
  for (const key of Object.keys(object)) if (key !== field && key !== 'metadata') delete object[key]
  for (const key of Object.keys(old)) if (key !== field && key !== 'metadata') object[key] = cloneJson(old[key])
}

function problemsOf(registry: ResourceRegistry, { object, old, change }: Preparation) {
  const { definition } = registry
  const { strategy } = definition
  switch (change.subresource) {
    case '':
    case 'scale':
      return [
        ...validateMetadata(definition, object),
        ...validateMetadataUpdate(object, old),
        ...strategy.validate(object),
        ...(strategy.validateUpdate?.(object, old) ?? []),
      ]
    case 'status':
      return [
        ...validateMetadata(definition, object),
        ...validateMetadataUpdate(object, old),
        ...(strategy.validateStatusUpdate?.(object, old) ?? []),
      ]
    case 'finalize':
      return []
    default:
      return strategy.validateSubresource?.(change.subresource, object, old) ?? []
  }
}

function countGeneration(registry: ResourceRegistry, object: KubeObject, old: KubeObject): void {
  const { strategy } = registry.definition
  if (!strategy.countsGenerations) return
  const generation = old.metadata.generation ?? 1
  const { annotationsAreGenerations = false } = strategy
  const isSame =
    sameFieldsBut(strategy.countsStatus === true ? HEAD : HEAD_AND_STATUS, object, old) &&
    (!annotationsAreGenerations || sameJson(object.metadata.annotations ?? {}, old.metadata.annotations ?? {}))
  object.metadata.generation = isSame ? generation : generation + 1
}

interface Save {
  readonly object: KubeObject
  readonly found: EntryObject
  readonly dryRun: boolean
}

function save(registry: ResourceRegistry, { object, found, dryRun }: Save): StoredObject | Promise<StoredObject> {
  const { entry } = found
  if (dryRun) return { bytes: encodeObject(registry.info, object), object }
  return deletionIsComplete(registry.definition, object) ? removed(registry, object, entry) : registry.replace(entry, object)
}

/** Renewing nothing but managedFields' times is no change. */
function sameBut(object: KubeObject, old: KubeObject): boolean {
  return (
    sameFieldsBut(HEAD, object, old) &&
    sameFieldsBut(MANAGED, object.metadata, old.metadata) &&
    sameJson(withoutTimes(object.metadata.managedFields), withoutTimes(old.metadata.managedFields))
  )
}

const HEAD: ReadonlySet<string> = new Set(['kind', 'apiVersion', 'metadata'])
const HEAD_AND_STATUS: ReadonlySet<string> = new Set([...HEAD, 'status'])
const MANAGED: ReadonlySet<string> = new Set(['managedFields'])

function withoutTimes(fields: KubeObject['metadata']['managedFields']): unknown {
  return (fields ?? []).map(({ time: _, ...field }) => field)
}

/** The last finalizer is gone: the update is the deletion. It answers what was asked for, at the last stored revision. */
async function removed(registry: ResourceRegistry, object: KubeObject, entry: Entry): Promise<StoredObject> {
  await registry.shared.store.delete(entry.key, entry.modRevision)
  registry.shared.cache.drop(entry)
  return { bytes: encodeObject(registry.info, object), object }
}

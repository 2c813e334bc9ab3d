/** The objects of one kind: what the verbs call. Each write is one file of its own; this class only holds what they share. */

import { apiVersionOf, type KindInfo, type KubeObject, notFound, qualifiedResource } from '@skiff/api'
import type { Entry } from '@skiff/store'
import { createObject } from './create-object.ts'
import { type DeleteOutcome, deleteObject } from './delete-object.ts'
import type { DeleteOptions } from './deletion.ts'
import { keyOf, prefixOf } from './keys.ts'
import { headLength, objectTemplate } from './object-bytes.ts'
import type { RegistryShared } from './registry.ts'
import type { ResourceDefinition } from './resource-definition.ts'
import { EntryObject, type StoredObject } from './stored-object.ts'
import { type Change, type UpdateOutcome, updateObject } from './update-object.ts'
import type { ObjectRef, WriteContext } from './write-context.ts'

export class ResourceRegistry {
  readonly definition: ResourceDefinition
  readonly shared: RegistryShared
  readonly apiVersion: string
  /** `pods`, `deployments.apps`: as errors name the kind. */
  readonly qualifiedName: string
  /** Length of what a list item leaves out. */
  readonly headLength: number

  constructor(definition: ResourceDefinition, shared: RegistryShared) {
    this.definition = definition
    this.shared = shared
    this.apiVersion = apiVersionOf(definition.info)
    this.qualifiedName = qualifiedResource(definition.info)
    // Objects of custom kinds say in lists too what they are.
    this.headLength = definition.custom === undefined ? headLength(definition.info) : '{'.length
  }

  get info(): KindInfo {
    return this.definition.info
  }

  keyOf(ref: ObjectRef): string {
    return keyOf(this.info, ref.namespace, ref.name)
  }

  /** How many objects are stored. */
  get count(): number {
    const { entries, remaining } = this.shared.store.list(this.prefixOf(''), { limit: 1 })
    return entries.length + remaining
  }

  prefixOf(namespace: string): string {
    return prefixOf(this.info, namespace)
  }

  /** Undefined when it is missing. */
  find(ref: ObjectRef): EntryObject | undefined {
    const entry = this.shared.store.get(this.keyOf(ref))
    return entry === undefined ? undefined : this.wrap(entry)
  }

  /** With writes that aren't acknowledged yet: what the next write is based on. Not to be shown before the store has settled. */
  latest(ref: ObjectRef): EntryObject | undefined {
    const entry = this.shared.store.latest(this.keyOf(ref))
    return entry === undefined ? undefined : this.wrap(entry)
  }

  /** Throws NotFound. */
  get(ref: ObjectRef): EntryObject {
    const found = this.find(ref)
    if (found === undefined) throw notFound(this.qualifiedName, ref.name)
    return found
  }

  wrap(entry: Entry): EntryObject {
    return new EntryObject(entry, this.shared.cache)
  }

  /** A stored object in this version's form. */
  served(stored: KubeObject): KubeObject {
    return stored
  }

  /** Reading may take time: what is to be looked at has to be made `ready` before. */
  get mustBeReady(): boolean {
    return false
  }

  /** Resolves when these entries can be looked at. */
  ready(_entries: readonly Entry[]): Promise<void> | undefined {
    return undefined
  }

  /** The same before `object` is written. */
  prepareToStore(_object: KubeObject): Promise<void> | undefined {
    return undefined
  }

  /** What is stored of an object of this version. */
  protected storedForm(object: KubeObject): { readonly info: KindInfo; readonly object: KubeObject } {
    return { info: this.info, object }
  }

  /** Writes a new object. */
  async insert(key: string, object: KubeObject): Promise<EntryObject> {
    const stored = this.storedForm(object)
    const written = this.shared.store.create(key, objectTemplate(stored.info, stored.object).stamp)
    const known = this.remember(key, stored.object)
    const entry = await written
    if (entry !== known) this.shared.cache.put(entry, stored.object)
    return this.wrap(entry)
  }

  /** Writes `object` over `entry`. From the start it is known in its parsed form to whoever writes next. */
  async replace(entry: Entry, object: KubeObject): Promise<EntryObject> {
    const { store, cache } = this.shared
    const stored = this.storedForm(object)
    const written = store.update(entry.key, entry.modRevision, objectTemplate(stored.info, stored.object).stamp)
    const known = this.remember(entry.key, stored.object)
    const replaced = await written
    if (replaced !== known) cache.put(replaced, stored.object)
    cache.drop(entry)
    return this.wrap(replaced)
  }

  /** Makes the parsed object of the entry that is being written known, and returns that; undefined when another is. */
  private remember(key: string, object: KubeObject): Entry | undefined {
    const pending = this.shared.store.latest(key)
    if (pending === undefined || String(pending.modRevision) !== object.metadata.resourceVersion) return undefined
    this.shared.cache.put(pending, object)
    return pending
  }

  /** `object` is the caller's own copy and belongs to the registry from here on. */
  create(object: object, namespace: string, write: WriteContext): Promise<StoredObject> {
    return createObject(this, { object, namespace, write })
  }

  /** Applies `change` to the stored object, again when another write came between (unless the change names a revision). */
  update(ref: ObjectRef, change: Change, write: WriteContext): Promise<UpdateOutcome> {
    return updateObject(this, { ref, change, write })
  }

  delete(ref: ObjectRef, options: DeleteOptions, write: WriteContext): Promise<DeleteOutcome> {
    return deleteObject(this, { ref, options, write })
  }
}

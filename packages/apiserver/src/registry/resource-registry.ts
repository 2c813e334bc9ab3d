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
    this.headLength = headLength(definition.info)
  }

  get info(): KindInfo {
    return this.definition.info
  }

  keyOf(ref: ObjectRef): string {
    return keyOf(this.info, ref.namespace, ref.name)
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

  /** Stored bytes in this version's form. */
  servedBytes(bytes: Buffer): Buffer {
    return bytes
  }

  /** A stored object in this version's form. */
  served(stored: KubeObject): KubeObject {
    return stored
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

  /** Writes `object` over `entry`. From the start it is known in its parsed form to whoever writes next. */
  async replace(entry: Entry, object: KubeObject): Promise<EntryObject> {
    const { store, cache } = this.shared
    const written = store.update(entry.key, entry.modRevision, objectTemplate(this.info, object).stamp)
    this.remember(entry.key, object)
    const stored = this.wrap(await written)
    cache.put(stored.entry, object)
    cache.drop(entry)
    return stored
  }

  /** Parsed objects of entries that are being written. */
  remember(key: string, object: KubeObject): void {
    const pending = this.shared.store.latest(key)
    if (pending !== undefined && String(pending.modRevision) === object.metadata.resourceVersion)
      this.shared.cache.put(pending, object)
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

/**
 * The objects of one version of a custom kind. They are stored in one version and served in each: what is read is
 * converted, pruned and defaulted by the schema as it is now; what is written is validated as this version and converted
 * to the stored one.
 */

import { ApiError, type CustomResourceDefinition, type KindInfo, type KubeObject } from '@skiff/api'
import type { Entry } from '@skiff/store'
import { cloneJson, type JsonObject } from '../patch/json-value.ts'
import { encodeObject } from '../registry/object-bytes.ts'
import type { RegistryShared } from '../registry/registry.ts'
import type { ResourceDefinition } from '../registry/resource-definition.ts'
import { ResourceRegistry } from '../registry/resource-registry.ts'
import { sameJson } from '../registry/same-json.ts'
import { EntryObject, type StoredObject } from '../registry/stored-object.ts'
import type { Change, UpdateOutcome } from '../registry/update-object.ts'
import type { ObjectRef, WriteContext } from '../registry/write-context.ts'
import type { Conversion } from './conversion/convert.ts'
import type { JsonSchema } from './schema/json-schema.ts'
import { pruneResource } from './schema/prune.ts'

export interface CustomRegistryOptions {
  readonly definition: ResourceDefinition
  readonly schema: JsonSchema
  /** The version that objects are stored in, and its schema. */
  readonly storage: { readonly info: KindInfo; readonly apiVersion: string; readonly schema: JsonSchema }
  readonly conversion: Conversion
  /** The definition as it is stored now; undefined: it is gone. */
  readonly current: () => CustomResourceDefinition | undefined
}

export class CustomRegistry extends ResourceRegistry {
  private readonly options: CustomRegistryOptions
  /** By parsed stored object: what is served of it. */
  private readonly servedObjects = new WeakMap<KubeObject, KubeObject>()
  /** What a webhook made of an entry, in this version. */
  private readonly converted = new WeakMap<Entry, KubeObject>()
  /** What a webhook made of an object that is about to be written, in the stored version. */
  private readonly toStore = new WeakMap<KubeObject, KubeObject>()

  constructor(options: CustomRegistryOptions, shared: RegistryShared) {
    super(options.definition, shared)
    this.options = options
  }

  override wrap(entry: Entry): EntryObject {
    return new CustomObject(entry, this)
  }

  /** What is served of an entry that was parsed to `stored`. */
  servedOf(entry: Entry, stored: KubeObject): KubeObject {
    const known = this.servedObjects.get(stored)
    if (known !== undefined) return known
    const served = this.completed(this.inThisVersion(entry, stored), stored)
    this.servedObjects.set(stored, served)
    return served
  }

  override get mustBeReady(): boolean {
    return this.options.conversion.type === 'webhook'
  }

  override ready(entries: readonly Entry[]): Promise<void> | undefined {
    const { conversion } = this.options
    if (conversion.type === 'none') return undefined
    const waiting = entries.filter((entry) => !this.converted.has(entry) && this.stored(entry).apiVersion !== this.apiVersion)
    return waiting.length === 0 ? undefined : this.convertAll(waiting, conversion)
  }

  private async convertAll(entries: readonly Entry[], conversion: Conversion & { type: 'webhook' }): Promise<void> {
    const objects = entries.map((entry) => this.stored(entry))
    const converted = await conversion.convert(objects, this.apiVersion)
    for (const [index, entry] of entries.entries()) this.converted.set(entry, converted[index] as KubeObject)
  }

  private stored(entry: Entry): KubeObject {
    return this.shared.cache.get(entry)
  }

  override prepareToStore(object: KubeObject): Promise<void> | undefined {
    const { conversion, storage } = this.options
    if (conversion.type === 'none' || storage.apiVersion === this.apiVersion) return undefined
    return conversion.convert([{ ...object, apiVersion: this.apiVersion }], storage.apiVersion).then(([converted]) => {
      if (converted !== undefined) this.toStore.set(object, converted)
    })
  }

  protected override storedForm(object: KubeObject): { readonly info: KindInfo; readonly object: KubeObject } {
    const { storage, conversion } = this.options
    object.apiVersion = this.apiVersion
    if (storage.apiVersion === this.apiVersion) return { info: storage.info, object }
    const converted = conversion.type === 'none' ? object : this.toStore.get(object)
    if (converted === undefined) throw new Error(`${this.qualifiedName} was not converted before it was stored`)
    const stored = cloneJson({ ...converted, apiVersion: storage.apiVersion }) as KubeObject
    // What the registry has done since then (a generated name that was taken)
    stored.metadata = { ...stored.metadata, name: object.metadata.name }
    pruneResource(stored as unknown as JsonObject, storage.schema)
    return { info: storage.info, object: stored }
  }

  override async insert(key: string, object: KubeObject): Promise<EntryObject> {
    return this.written(await super.insert(key, object), object)
  }

  override async replace(entry: Entry, object: KubeObject): Promise<EntryObject> {
    return this.written(await super.replace(entry, object), object)
  }

  /** What was just written need not be converted back. */
  private written(stored: EntryObject, object: KubeObject): EntryObject {
    if (this.mustBeReady && this.options.storage.apiVersion !== this.apiVersion) this.converted.set(stored.entry, object)
    return stored
  }

  override async create(object: object, namespace: string, write: WriteContext): Promise<StoredObject> {
    this.requireLiving()
    return await super.create(object, namespace, write)
  }

  override async update(ref: ObjectRef, change: Change, write: WriteContext): Promise<UpdateOutcome> {
    const { createIfMissing } = change
    if (createIfMissing && this.latest(ref) === undefined) this.requireLiving()
    return await super.update(ref, change, write)
  }

  /** New objects would keep a definition that is being deleted from ever going. */
  private requireLiving(): void {
    const definition = this.options.current()
    if (definition?.metadata.deletionTimestamp === undefined) return
    throw new ApiError('MethodNotAllowed', 'create not allowed while custom resource definition is terminating')
  }

  private inThisVersion(entry: Entry, stored: KubeObject): KubeObject {
    if (stored.apiVersion === this.apiVersion) return stored
    if (this.options.conversion.type === 'none') return { ...stored, apiVersion: this.apiVersion }
    const converted = this.converted.get(entry)
    if (converted === undefined) throw new ApiError('InternalError', `${this.qualifiedName} was not converted before it was read`)
    return { ...converted, metadata: { ...converted.metadata, resourceVersion: stored.metadata.resourceVersion } }
  }

  /** With defaults, without what the schema doesn't know; `stored` itself when that changes nothing. */
  private completed(object: KubeObject, stored: KubeObject): KubeObject {
    const copy = cloneJson(object) as KubeObject
    pruneResource(copy as unknown as JsonObject, this.options.schema)
    this.definition.strategy.default?.(copy)
    copy.metadata.generation ??= 1
    return object === stored && sameJson(copy, stored) ? stored : copy
  }
}

class CustomObject extends EntryObject {
  private readonly registry: CustomRegistry

  constructor(entry: Entry, registry: CustomRegistry) {
    super(entry, registry.shared.cache)
    this.registry = registry
  }

  override get bytes(): Buffer {
    const stored = super.object
    const served = this.registry.servedOf(this.entry, stored)
    return served === stored ? this.entry.value : encodeObject(this.registry.info, served)
  }

  override get object(): KubeObject {
    return this.registry.servedOf(this.entry, super.object)
  }
}

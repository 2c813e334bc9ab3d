/**
 * A version of a kind that is stored as another one (autoscaling/v1 as autoscaling/v2): the same objects under the same
 * keys, converted on their way in and out. Everything that decides about them is the stored version's.
 */

import { invalidObject, type KubeObject } from '@skiff/api'
import type { Entry } from '@skiff/store'
import type { AdmissionRequest } from '../http/request-context.ts'
import type { DeleteOutcome } from './delete-object.ts'
import type { DeleteOptions } from './deletion.ts'
import { encodeObject } from './object-bytes.ts'
import type { ResourceDefinition, VersionConversion } from './resource-definition.ts'
import { ResourceRegistry } from './resource-registry.ts'
import { EntryObject, type StoredObject } from './stored-object.ts'
import type { Change, UpdateOutcome } from './update-object.ts'
import type { ObjectRef, WriteContext } from './write-context.ts'

export class ConvertedRegistry extends ResourceRegistry {
  private readonly storage: ResourceRegistry
  private readonly conversion: VersionConversion

  constructor(definition: ResourceDefinition, conversion: VersionConversion, storage: ResourceRegistry) {
    super(definition, storage.shared)
    this.storage = storage
    this.conversion = conversion
  }

  override keyOf(ref: ObjectRef): string {
    return this.storage.keyOf(ref)
  }

  override prefixOf(namespace: string): string {
    return this.storage.prefixOf(namespace)
  }

  override wrap(entry: Entry): EntryObject {
    return new ConvertedObject(this.storage.wrap(entry), this)
  }

  override served(stored: KubeObject): KubeObject {
    return this.conversion.fromStored(stored)
  }

  override async create(object: object, namespace: string, write: WriteContext): Promise<StoredObject> {
    const stored = this.checked(this.stored(object as KubeObject), undefined)
    return this.answer(await this.storage.create(stored, namespace, this.judgedHere(write)))
  }

  override async update(ref: ObjectRef, change: Change, write: WriteContext): Promise<UpdateOutcome> {
    const apply = (old: KubeObject | undefined) => this.checked(this.stored(change.apply(old && this.served(old))), old)
    const { stored, created } = await this.storage.update(ref, { ...change, apply }, this.judgedHere(write))
    return { stored: this.answer(stored), created }
  }

  override async delete(ref: ObjectRef, options: DeleteOptions, write: WriteContext): Promise<DeleteOutcome> {
    const { stored, gone } = await this.storage.delete(ref, options, this.judgedHere(write))
    return { stored: this.answer(stored), gone }
  }

  /** Admission judges what was asked for: this version's form. */
  private judgedHere(write: WriteContext): WriteContext {
    const { admission } = write
    const shown = (request: AdmissionRequest) => {
      const served = (object: KubeObject | undefined) => object && structuredClone(this.served(object))
      return { ...request, info: this.info, object: served(request.object), old: served(request.old) }
    }
    const mutate = async (request: AdmissionRequest) => {
      const here = shown(request)
      await admission.mutate(here)
      if (request.object !== undefined && here.object !== undefined) replaceContents(request.object, this.stored(here.object))
    }
    return { ...write, admission: { mutate, validate: (request) => admission.validate(shown(request)) } }
  }

  private stored(object: KubeObject): KubeObject {
    const stored = this.conversion.toStored(object)
    this.storage.definition.strategy.default?.(stored)
    return stored
  }

  /** Throws Invalid. */
  private checked(object: KubeObject, old: KubeObject | undefined): KubeObject {
    const errors = this.conversion.validate?.(object, old) ?? []
    if (errors.length > 0) throw invalidObject(this.storage.info, object.metadata?.name ?? '', errors)
    return object
  }

  private answer(stored: StoredObject): StoredObject {
    const object = this.served(stored.object)
    return { object, bytes: encodeObject(this.info, object) }
  }
}

/** An object keeps its identity: it is known to who has it already. */
function replaceContents(object: KubeObject, contents: KubeObject): void {
  for (const key of Object.keys(object)) delete object[key]
  Object.assign(object, contents)
}

class ConvertedObject extends EntryObject {
  private readonly inner: EntryObject
  private readonly registry: ConvertedRegistry
  private converted: KubeObject | undefined

  constructor(inner: EntryObject, registry: ConvertedRegistry) {
    super(inner.entry, registry.shared.cache)
    this.inner = inner
    this.registry = registry
  }

  override get bytes(): Buffer {
    return encodeObject(this.registry.info, this.object)
  }

  override get object(): KubeObject {
    this.converted ??= this.registry.served(this.inner.object)
    return this.converted
  }
}

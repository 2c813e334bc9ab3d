import { randomUUID } from 'node:crypto'
import { type CustomResourceDefinition, type KindInfo, type KubeObject, NAMESPACES } from '@skiff/api'
import type { Entry, Store } from '@skiff/store'
import { CustomResources } from '../custom-resources/catalog.ts'
import type { DialService } from '../streaming/service-dialer.ts'
import { ClaimTable } from './claims.ts'
import { ConvertedRegistry } from './converted-registry.ts'
import { KeyedTurns } from './keyed-turns.ts'
import { keyOf, prefixOf } from './keys.ts'
import { ObjectCache } from './object-cache.ts'
import type { ClusterConfig, ObjectReader, ResourceDefinition } from './resource-definition.ts'
import { ResourceRegistry } from './resource-registry.ts'

export interface RegistryOptions {
  readonly store: Store
  readonly resources: readonly ResourceDefinition[]
  readonly cluster: ClusterConfig
  readonly clock: () => Date
  readonly random: () => number
  readonly newUid?: () => string
  /** How conversion webhooks that are Services are reached; absent: only those with a URL are. */
  readonly dialService?: DialService
}

/** What all kinds' registries share. */
export interface RegistryShared extends Required<Omit<RegistryOptions, 'resources' | 'dialService'>> {
  readonly cache: ObjectCache
  readonly claims: ClaimTable
  /** Whose turn it is to decide on an object's next state. */
  readonly turns: KeyedTurns
  readonly objects: ObjectReader
}

/** All stored kinds over one store: the built-in ones, and those that CustomResourceDefinitions declare at the time. */
export class Registry {
  readonly store: Store
  readonly objects: ObjectReader
  readonly shared: RegistryShared
  private readonly resources = new Map<string, ResourceRegistry>()
  private readonly custom: CustomResources

  constructor(options: RegistryOptions) {
    const cache = new ObjectCache()
    this.store = options.store
    this.objects = objectReader(options.store, cache)
    this.shared = {
      newUid: randomUUID,
      ...options,
      cache,
      claims: new ClaimTable(),
      turns: new KeyedTurns(),
      objects: this.objects,
    }
    this.custom = new CustomResources(this.shared, options.dialService)
    for (const definition of options.resources) this.add(definition)
  }

  add(definition: ResourceDefinition): void {
    this.resources.set(resourceKey(definition.info), this.registryOf(definition))
  }

  private registryOf(definition: ResourceDefinition): ResourceRegistry {
    const { conversion } = definition
    if (conversion === undefined) return new ResourceRegistry(definition, this.shared)
    const storage = this.find(conversion.storage)
    if (storage === undefined) throw new Error(`${conversion.storage.resource} must be added before its other versions`)
    return new ConvertedRegistry(definition, conversion, storage)
  }

  find(info: Pick<KindInfo, 'group' | 'version' | 'resource'>): ResourceRegistry | undefined {
    return this.resources.get(resourceKey(info)) ?? this.custom.find(info)
  }

  /** All objects of a custom kind, in the version that they are stored in; by its definition's name. */
  storedCustomObjects(definition: string): ResourceRegistry | undefined {
    return this.custom.stored(definition)
  }

  /** What a definition would serve if it were stored: to check objects with, not to write any. */
  draftOf(definition: CustomResourceDefinition): readonly ResourceRegistry[] {
    return this.custom.draft(definition)
  }

  /** By the kind that an object says it is. */
  findKind(apiVersion: string, kind: string): ResourceRegistry | undefined {
    for (const resource of this.resources.values()) {
      if (resource.apiVersion === apiVersion && resource.info.kind === kind) return resource
    }
    return this.custom.findKind(apiVersion, kind)
  }

  all(): readonly ResourceRegistry[] {
    return [...this.resources.values(), ...this.custom.all()]
  }
}

function resourceKey(info: Pick<KindInfo, 'group' | 'version' | 'resource'>): string {
  return `${info.group}/${info.version}/${info.resource}`
}

function objectReader(store: Store, cache: ObjectCache): ObjectReader {
  const parsed = <T>(entry: Entry): T => cache.get(entry) as T
  return {
    get: <T = KubeObject>(info: KindInfo, ref: { readonly name: string; readonly namespace?: string }) => {
      const entry = store.get(keyOf(info, ref.namespace ?? '', ref.name))
      return entry === undefined ? undefined : parsed<T>(entry)
    },
    list: <T = KubeObject>(info: KindInfo, namespace?: string) =>
      store.list(prefixOf(info, namespace)).entries.map((entry) => parsed<T>(entry)),
  }
}

/** The state of a namespace as its contents need it. */
export function namespacePhase(objects: ObjectReader, name: string): 'missing' | 'terminating' | 'active' {
  const namespace = objects.get(NAMESPACES, { name })
  if (namespace === undefined) return 'missing'
  return namespace.metadata.deletionTimestamp === undefined ? 'active' : 'terminating'
}

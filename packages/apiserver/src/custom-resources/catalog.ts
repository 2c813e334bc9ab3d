/**
 * The kinds that CustomResourceDefinitions declare. Nothing is told of a change: every look-up compares with the stored
 * definition, so that a kind is served from the moment its definition is, in every master and after every restart.
 */

import { apiVersionOf, CUSTOM_RESOURCE_DEFINITIONS, type CustomResourceDefinition, type KindInfo } from '@skiff/api'
import type { Entry } from '@skiff/store'
import { keyOf, prefixOf } from '../registry/keys.ts'
import type { RegistryShared } from '../registry/registry.ts'
import type { DialService } from '../streaming/service-dialer.ts'
import { WebhookClient } from '../webhook-client/index.ts'
import { conversionOf } from './conversion/convert.ts'
import { CustomRegistry } from './custom-registry.ts'
import { customResource, sameDefinition } from './custom-resource.ts'
import { customKind, isEstablished, schemaOfVersion, storageVersionOf } from './definition.ts'

interface Family {
  readonly entry: Entry
  readonly definition: CustomResourceDefinition
  /** One for each served version. */
  readonly registries: readonly CustomRegistry[]
  readonly stored: CustomRegistry | undefined
}

export class CustomResources {
  readonly #shared: RegistryShared
  readonly #webhooks: WebhookClient
  /** By the definition's key in the store. */
  readonly #families = new Map<string, Family>()

  constructor(shared: RegistryShared, dialService: DialService = noServices) {
    this.#shared = shared
    this.#webhooks = new WebhookClient(dialService)
  }

  find({ group, version, resource }: Pick<KindInfo, 'group' | 'version' | 'resource'>): CustomRegistry | undefined {
    if (group === '') return undefined
    const key = keyOf(CUSTOM_RESOURCE_DEFINITIONS, '', `${resource}.${group}`)
    return this.#familyAt(key, this.#shared.store.get(key))?.registries.find(({ info }) => info.version === version)
  }

  /** In the stored version, be it served or not; undefined for a definition that was never established. */
  stored(definition: string): CustomRegistry | undefined {
    const key = keyOf(CUSTOM_RESOURCE_DEFINITIONS, '', definition)
    return this.#familyAt(key, this.#shared.store.get(key))?.stored
  }

  /** What a definition that isn't stored (yet) would serve. */
  draft(definition: CustomResourceDefinition): readonly CustomRegistry[] {
    return this.#registriesOf(definition)
  }

  findKind(apiVersion: string, kind: string): CustomRegistry | undefined {
    return this.all().find((registry) => registry.apiVersion === apiVersion && registry.info.kind === kind)
  }

  all(): readonly CustomRegistry[] {
    const { entries } = this.#shared.store.list(prefixOf(CUSTOM_RESOURCE_DEFINITIONS))
    this.#forgetMissing(entries)
    return entries.flatMap((entry) => this.#familyAt(entry.key, entry)?.registries ?? [])
  }

  #familyAt(key: string, entry: Entry | undefined): Family | undefined {
    if (entry === undefined) {
      this.#families.delete(key)
      return undefined
    }
    const known = this.#families.get(key)
    if (known?.entry === entry) return known
    const family = this.#familyOf(entry, known)
    this.#families.set(key, family)
    return family
  }

  #familyOf(entry: Entry, known: Family | undefined): Family {
    const definition = this.#shared.cache.get(entry) as CustomResourceDefinition
    const isSame = known !== undefined && sameDefinition(known.definition, definition)
    if (isSame && isEstablished(known.definition) === isEstablished(definition)) return { ...known, entry, definition }
    const all = isEstablished(definition) ? this.#registriesOf(definition) : []
    const isServed = new Set(definition.spec.versions.filter(({ served }) => served).map(({ name }) => name))
    const storage = storageVersionOf(definition)?.name
    return {
      entry,
      definition,
      registries: all.filter(({ info }) => isServed.has(info.version)),
      stored: all.find(({ info }) => info.version === storage),
    }
  }

  #registriesOf(definition: CustomResourceDefinition): CustomRegistry[] {
    const storage = storageVersionOf(definition)
    if (storage === undefined) return []
    const info = customKind(definition, storage.name)
    const conversion = conversionOf(definition, {
      askWebhook: (call) => this.#webhooks.call(call),
      newUid: this.#shared.newUid,
    })
    const common = {
      storage: { info, apiVersion: apiVersionOf(info), schema: schemaOfVersion(storage) },
      conversion,
      current: () =>
        this.#shared.objects.get<CustomResourceDefinition>(CUSTOM_RESOURCE_DEFINITIONS, { name: definition.metadata.name }),
    }
    return definition.spec.versions.map((version) => {
      const options = { ...common, definition: customResource(definition, version), schema: schemaOfVersion(version) }
      return new CustomRegistry(options, this.#shared)
    })
  }

  #forgetMissing(entries: readonly Entry[]): void {
    if (this.#families.size === 0) return
    const there = new Set(entries.map(({ key }) => key))
    for (const key of this.#families.keys()) if (!there.has(key)) this.#families.delete(key)
  }
}

async function noServices(): Promise<never> {
  throw new Error('services are not reachable from here')
}

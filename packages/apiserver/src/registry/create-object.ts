import {
  ApiError,
  alreadyExists,
  forbidden,
  generateName,
  invalidObject,
  type KubeObject,
  notFound,
  rfc3339,
  schemaOf,
} from '@skiff/api'
import { KeyExistsError } from '@skiff/store'
import { trackUpdate } from '../apply/index.ts'
import type { WriteClaims } from './claims.ts'
import { encodeObject } from './object-bytes.ts'
import { dropEmptyMetadata, validateMetadata } from './object-metadata.ts'
import { namespacePhase } from './registry.ts'
import type { StrategyContext } from './resource-definition.ts'
import type { ResourceRegistry } from './resource-registry.ts'
import type { StoredObject } from './stored-object.ts'
import { optionsOf, type WriteContext } from './write-context.ts'

interface Creation {
  readonly object: object
  readonly namespace: string
  readonly write: WriteContext
  /** managedFields stand in the object already (server-side apply). */
  readonly tracksFields?: boolean
}

/** A generated name that is taken is replaced by another so many times (KEP-4420). */
const GENERATED_NAME_ATTEMPTS = 8

export async function createObject(registry: ResourceRegistry, creation: Creation): Promise<StoredObject> {
  const object = withMetadata(creation.object)
  if (registry.info.namespaced) requireOpenNamespace(registry, object, creation.namespace)
  const claims = registry.shared.claims.open()
  try {
    const prepared = await prepare(registry, object, { ...creation, claims })
    return creation.write.dryRun ? dryRun(registry, prepared) : await store(registry, prepared)
  } finally {
    claims.release()
  }
}

function withMetadata(object: object): KubeObject {
  const draft = object as KubeObject
  draft.metadata ??= {} as KubeObject['metadata']
  return draft
}

function requireOpenNamespace(registry: ResourceRegistry, object: KubeObject, namespace: string): void {
  const phase = namespacePhase(registry.shared.objects, namespace)
  if (phase === 'missing') throw notFound('namespaces', namespace)
  if (phase === 'active') return
  const name = object.metadata.name ?? ''
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`
  const refusal = forbidden(registry.qualifiedName, name, why)
  const causes = [
    { reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated`, field: 'metadata.namespace' },
  ]
  throw new ApiError('Forbidden', refusal.message, { details: { ...refusal.details, causes } })
}

type Preparation = Creation & { readonly claims: WriteClaims }

async function prepare(registry: ResourceRegistry, object: KubeObject, preparation: Preparation): Promise<KubeObject> {
  const { namespace, write, claims } = preparation
  const { definition, shared, info } = registry
  const now = shared.clock()
  const context: StrategyContext = { ...shared, user: write.user, dryRun: write.dryRun, now, claims }
  const request = {
    operation: 'CREATE' as const,
    user: write.user,
    info,
    subresource: '' as const,
    namespace,
    name: object.metadata.name ?? '',
    object,
    old: undefined,
    options: optionsOf(write, 'CreateOptions'),
    dryRun: write.dryRun,
    warn: write.warn,
    atEnd: claims.atEnd,
  }
  if (info.namespaced) object.metadata.namespace = namespace
  // What the server fills in below belongs to nobody.
  if (!preparation.tracksFields) {
    const asked = withStatusOf(registry, object, undefined)
    trackUpdate({ ...trackingOf(registry), old: undefined, new: asked, manager: write.manager, operation: 'Update', now })
  }
  const completing = write.admission.mutate(request)
  if (completing !== undefined) await completing
  fillMetadata(registry, object, { namespace, now })
  definition.strategy.prepareForCreate?.(object, context)
  dropEmptyMetadata(object)
  const errors = [
    ...validateMetadata(definition, object),
    ...definition.strategy.validate(object),
    ...(definition.strategy.validateNew?.(object) ?? []),
  ]
  if (errors.length > 0) throw invalidObject(info, object.metadata.name ?? '', errors)
  for (const warning of definition.strategy.warnings?.(object, undefined) ?? []) write.warn(warning)
  definition.strategy.canonicalize?.(object)
  const judging = write.admission.validate({ ...request, name: object.metadata.name })
  if (judging !== undefined) await judging
  const preparing = registry.prepareToStore(object)
  if (preparing !== undefined) await preparing
  return object
}

/**
 * The object as far as its main path may write it: with the old status where status has a subresource of its own.
 * It shares the object's metadata, so that what is tracked of it stands in the object.
 */
export function withStatusOf({ definition }: ResourceRegistry, object: KubeObject, old: KubeObject | undefined): KubeObject {
  if (!definition.subresources?.includes('status')) return object
  const { status: _, ...rest } = object
  return old?.status === undefined ? (rest as KubeObject) : ({ ...rest, status: old.status } as KubeObject)
}

/** What managedFields need to know of a kind. */
export function trackingOf(registry: ResourceRegistry) {
  const { group, version, kind } = registry.info
  const schema = registry.definition.custom?.schema ?? schemaOf(group, version, kind)
  return { apiVersion: registry.apiVersion, schema, subresource: '' }
}

function fillMetadata(
  registry: ResourceRegistry,
  object: KubeObject,
  { namespace, now }: { namespace: string; now: Date },
): void {
  const { metadata } = object
  const unwanted = metadata as unknown as Record<string, unknown>
  if (metadata.resourceVersion !== undefined && metadata.resourceVersion !== '') {
    throw new ApiError('Unknown', 'resourceVersion should not be set on objects to be created')
  }
  for (const field of ['deletionTimestamp', 'deletionGracePeriodSeconds', 'selfLink']) delete unwanted[field]
  if (registry.info.namespaced) metadata.namespace = namespace
  else delete unwanted.namespace
  if (!metadata.name && metadata.generateName) metadata.name = generateName(metadata.generateName, registry.shared.random)
  if (metadata.generateName === '') delete unwanted.generateName
  metadata.uid = registry.shared.newUid()
  metadata.creationTimestamp = rfc3339(now)
  if (registry.definition.strategy.countsGenerations) metadata.generation = 1
}

function dryRun(registry: ResourceRegistry, object: KubeObject): StoredObject {
  const existing = registry.find({ namespace: object.metadata.namespace ?? '', name: object.metadata.name })
  if (existing !== undefined) throw existsError(registry, existing.object)
  return { bytes: encodeObject(registry.info, object), object }
}

async function store(registry: ResourceRegistry, object: KubeObject): Promise<StoredObject> {
  const { generateName: base } = object.metadata
  const generated = base !== undefined && object.metadata.name.startsWith(base)
  for (let attempt = 1; ; attempt++) {
    try {
      return await storeOnce(registry, object)
    } catch (error) {
      if (!(error instanceof KeyExistsError)) throw error
      if (!generated || attempt >= GENERATED_NAME_ATTEMPTS) {
        throw existsError(registry, registry.shared.cache.get(error.current))
      }
      object.metadata.name = generateName(base, registry.shared.random)
    }
  }
}

function storeOnce(registry: ResourceRegistry, object: KubeObject): Promise<StoredObject> {
  const key = registry.keyOf({ namespace: object.metadata.namespace ?? '', name: object.metadata.name })
  return registry.insert(key, object)
}

function existsError(registry: ResourceRegistry, existing: KubeObject): ApiError {
  const { name, deletionTimestamp } = existing.metadata
  if (deletionTimestamp === undefined) return alreadyExists(registry.qualifiedName, name)
  return alreadyExists(
    registry.qualifiedName,
    name,
    `object is being deleted: ${registry.qualifiedName} "${name}" already exists`,
  )
}

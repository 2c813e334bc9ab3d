import { forbidden, type KubeObject, notFound } from '@skiff/api'
import { KeyNotFoundError, RevisionConflictError } from '@skiff/store'
import { decideOnLatest, isDurable, type UnderWay } from './decide-on-latest.ts'
import { type DeleteOptions, planDeletion } from './deletion.ts'
import { encodeObject } from './object-bytes.ts'
import { preconditionFailed } from './preconditions.ts'
import type { ResourceRegistry } from './resource-registry.ts'
import type { EntryObject, StoredObject } from './stored-object.ts'
import { type ObjectRef, optionsOf, type WriteContext } from './write-context.ts'

export interface DeleteOutcome {
  readonly stored: StoredObject
  /** False: finalizers or grace still hold it. */
  readonly gone: boolean
}

interface Deletion {
  readonly ref: ObjectRef
  readonly options: DeleteOptions
  readonly write: WriteContext
}

type Admitted = Deletion & { readonly passOn: () => void }

/** Namespaces that the cluster can't do without (upstream's NamespaceLifecycle). */
const IMMORTAL_NAMESPACES = new Set(['default', 'kube-system', 'kube-public'])

export async function deleteObject(registry: ResourceRegistry, deletion: Deletion): Promise<DeleteOutcome> {
  for (;;) {
    const outcome = await decideOnLatest(registry, deletion.ref, (found, passOn) =>
      deleteFound(registry, found, { ...deletion, passOn }),
    )
    if (outcome !== 'conflict') return outcome
  }
}

async function deleteFound(
  registry: ResourceRegistry,
  found: EntryObject | undefined,
  deletion: Admitted,
): Promise<UnderWay<DeleteOutcome>> {
  if (found === undefined) throw notFound(registry.qualifiedName, deletion.ref.name)
  checkPreconditions(registry, found.object, deletion)
  await admit(registry, found.object, deletion)
  return { outcome: deleted(registry, found, deletion) }
}

async function deleted(registry: ResourceRegistry, found: EntryObject, deletion: Deletion): Promise<DeleteOutcome | 'conflict'> {
  try {
    const outcome = await deleteOnce(registry, found, deletion)
    // Nothing was written: what is shown must be durable by itself.
    const written = outcome.stored !== found || outcome.gone
    return written || (await isDurable(registry, deletion.ref, found)) ? outcome : 'conflict'
  } catch (error) {
    // Somebody else wrote in between: look again, and let the preconditions decide.
    if (error instanceof RevisionConflictError || error instanceof KeyNotFoundError) return 'conflict'
    throw error
  }
}

function checkPreconditions(registry: ResourceRegistry, object: KubeObject, { ref, options }: Deletion): void {
  const { uid, resourceVersion } = options.preconditions ?? {}
  const known = object.metadata
  const fail = (failed: Parameters<typeof preconditionFailed>[2]) => preconditionFailed(registry.qualifiedName, ref.name, failed)
  if (uid !== undefined && uid !== known.uid) throw fail({ what: 'UID', asked: uid, is: known.uid })
  if (resourceVersion !== undefined && resourceVersion !== known.resourceVersion) {
    throw fail({ what: 'ResourceVersion', asked: resourceVersion, is: known.resourceVersion })
  }
}

async function admit(registry: ResourceRegistry, old: KubeObject, { ref, write, passOn }: Admitted): Promise<void> {
  if (registry.info.kind === 'Namespace' && IMMORTAL_NAMESPACES.has(ref.name)) {
    throw forbidden(registry.qualifiedName, ref.name, 'this namespace may not be deleted')
  }
  const request = {
    ...{
      operation: 'DELETE' as const,
      user: write.user,
      info: registry.info,
      subresource: '' as const,
      namespace: ref.namespace,
    },
    ...{ name: ref.name, object: undefined, old, dryRun: write.dryRun, warn: write.warn },
    // A deletion takes nothing that would have to be given back.
    ...{ options: optionsOf(write, 'DeleteOptions'), atEnd: () => undefined, takesTime: passOn },
  }
  await write.admission.mutate(request)
  await write.admission.validate(request)
}

async function deleteOnce(registry: ResourceRegistry, found: EntryObject, { options, write }: Deletion): Promise<DeleteOutcome> {
  const { store, cache, clock } = registry.shared
  const { entry } = found
  const step = planDeletion(registry.definition, found.object, { ...options, now: clock() })
  switch (step.type) {
    case 'none':
      return { stored: found, gone: false }
    case 'mark': {
      if (write.dryRun) return { stored: unsaved(registry, step.object), gone: false }
      await registry.prepareToStore(step.object)
      return { stored: await registry.replace(entry, step.object), gone: false }
    }
    case 'remove': {
      if (write.dryRun) return { stored: found, gone: true }
      const { revision } = await store.delete(entry.key, entry.modRevision)
      cache.drop(entry)
      if (registry.definition.strategy.gracePeriodSeconds === undefined) return { stored: found, gone: true }
      step.final.metadata.resourceVersion = String(revision)
      return { stored: unsaved(registry, step.final), gone: true }
    }
  }
}

function unsaved(registry: ResourceRegistry, object: KubeObject): StoredObject {
  return { bytes: encodeObject(registry.info, object), object }
}

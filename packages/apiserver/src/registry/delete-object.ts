import { conflict, forbidden, type KubeObject, notFound } from '@skiff/api'
import { KeyNotFoundError, RevisionConflictError } from '@skiff/store'
import { type DeleteOptions, planDeletion } from './deletion.ts'
import { encodeObject, objectTemplate } from './object-bytes.ts'
import type { ResourceRegistry } from './resource-registry.ts'
import type { EntryObject, StoredObject } from './stored-object.ts'
import type { ObjectRef, WriteContext } from './write-context.ts'

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

/** Namespaces that the cluster can't do without (upstream's NamespaceLifecycle). */
const IMMORTAL_NAMESPACES = new Set(['default', 'kube-system', 'kube-public'])

export async function deleteObject(registry: ResourceRegistry, deletion: Deletion): Promise<DeleteOutcome> {
  for (;;) {
    const found = registry.find(deletion.ref)
    if (found === undefined) throw notFound(registry.qualifiedName, deletion.ref.name)
    checkPreconditions(registry, found.object, deletion)
    await admit(registry, found.object, deletion)
    try {
      return await deleteOnce(registry, found, deletion)
    } catch (error) {
      // somebody else wrote in between: look again, and let the preconditions decide
      if (!(error instanceof RevisionConflictError || error instanceof KeyNotFoundError)) throw error
    }
  }
}

function checkPreconditions(registry: ResourceRegistry, object: KubeObject, { ref, options }: Deletion): void {
  const { uid, resourceVersion } = options.preconditions ?? {}
  const known = object.metadata
  const fail = (what: string, asked: string, is: string) =>
    conflict(
      registry.qualifiedName,
      ref.name,
      `Precondition failed: ${what} in precondition: ${asked}, ${what} in object meta: ${is}`,
    )
  if (uid !== undefined && uid !== known.uid) throw fail('UID', uid, known.uid)
  if (resourceVersion !== undefined && resourceVersion !== known.resourceVersion) {
    throw fail('ResourceVersion', resourceVersion, known.resourceVersion)
  }
}

async function admit(registry: ResourceRegistry, old: KubeObject, { ref, write }: Deletion): Promise<void> {
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
      const marked = await store.update(entry.key, entry.modRevision, objectTemplate(registry.info, step.object).stamp)
      cache.drop(entry)
      cache.put(marked, step.object)
      return { stored: registry.wrap(marked), gone: false }
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

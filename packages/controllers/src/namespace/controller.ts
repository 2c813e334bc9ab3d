import { isConflict, isNotFound, NAMESPACES, type Namespace } from '@skiff/api'
import type { ControllerContext } from '../shared/context.ts'
import { unlessGone } from '../shared/errors.ts'
import { patchStatus } from '../shared/patch-status.ts'
import { runReconciler } from '../shared/reconcile.ts'
import { deletionConditions } from './conditions.ts'
import { deleteContent } from './delete-content.ts'

const FINALIZER = 'kubernetes'
const CONCURRENCY = 3
/** What holds the content up (a finalizer, a grace period) may end without our hearing of it. */
const LOOK_AGAIN_MS = 1_000

/** Empties namespaces that are being deleted, then lets them go. */
export async function runNamespaceController(context: ControllerContext): Promise<void> {
  const { client, informers, clock } = context
  const { namespaces, pods } = informers

  async function reconcile(name: string) {
    const namespace = namespaces.get(name)
    if (!namespace?.metadata.deletionTimestamp || !namespace.spec.finalizers?.includes(FINALIZER)) return undefined
    const remaining = await deleteContent(client, name)
    const { resources, deletionFailures, discoveryFailures } = remaining
    if (resources.size === 0 && deletionFailures.length === 0 && discoveryFailures.length === 0) {
      await finalize(namespace)
      return undefined
    }
    const conditions = deletionConditions(namespace.status?.conditions, remaining, clock())
    await unlessGone(patchStatus(client, NAMESPACES, namespace, { ...namespace.status, conditions }))
    return { requeueAfterMs: LOOK_AGAIN_MS }
  }

  async function finalize({ metadata }: Namespace): Promise<void> {
    try {
      const { spec, ...latest } = await client.get<Namespace>(NAMESPACES, { name: metadata.name })
      if (latest.metadata.uid !== metadata.uid) return
      const finalizers = (spec.finalizers ?? []).filter((one) => one !== FINALIZER)
      await client.update(NAMESPACES, { ...latest, spec: { ...spec, finalizers } }, { subresource: 'finalize' })
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error
    }
  }

  await runReconciler(context, {
    name: 'namespace',
    reads: [namespaces, pods],
    concurrency: CONCURRENCY,
    watch: (queue) => {
      namespaces.onChange(({ key, object }) => {
        if (object.metadata.deletionTimestamp) queue.add(key)
      })
      pods.onChange(({ type, object }) => {
        const namespace = object.metadata.namespace ?? ''
        const wasLast = type === 'deleted' && pods.byIndex('namespace', namespace).length === 0
        if (wasLast && namespaces.get(namespace)?.metadata.deletionTimestamp) queue.add(namespace)
      })
    },
    reconcile,
  })
}

import { isDeepStrictEqual } from 'node:util'
import {
  CUSTOM_RESOURCE_DEFINITIONS,
  isConflict,
  type KubeObject,
  keyOf,
  type ObjectMeta,
  RESOURCE_QUOTAS,
  type ResourceQuota,
} from '@skiff/api'
import { createInformer, type InformerChange, type WorkQueue } from '@skiff/client'
import type { ControllerContext } from '../shared/context.ts'
import type { DiscoveredKind } from '../shared/discovery.ts'
import { unlessGone } from '../shared/errors.ts'
import { KnownKinds } from '../shared/known-kinds.ts'
import { runReconciler } from '../shared/reconcile.ts'
import { isLimited, needsWholeObjects, quotaStatus, unknownNames } from './plan.ts'

/** Changes that come in so short a time are counted together. */
const COLLECT_MS = 100
/** For kinds of extension servers, of which nobody tells when they come. */
const UNKNOWN_KIND_MS = 30_000

interface HasMetadata {
  readonly metadata: ObjectMeta
}

/**
 * Keeps `status` of every ResourceQuota true. What may be created is decided by the API server itself, on what is
 * stored: here is only shown, what was used up in other ways or given back.
 */
export async function runResourceQuotaController(context: ControllerContext, monotonicNow: () => number): Promise<void> {
  const { client, informers, clock, logger, signal } = context
  const { resourceQuotas } = informers
  const known = new KnownKinds(client, monotonicNow)
  const customKinds = createInformer<HasMetadata>(client, CUSTOM_RESOURCE_DEFINITIONS, { metadataOnly: true, logger, signal })
  const followed = new Set<string>()
  let queue: WorkQueue | undefined

  async function reconcile(key: string) {
    const seen = resourceQuotas.get(key)
    if (!seen || seen.metadata.deletionTimestamp) return undefined
    const { namespace = '', name } = seen.metadata
    // Counted on the newest quota: its revision makes sure that nothing was let in meanwhile.
    const quota = await unlessGone(client.get<ResourceQuota>(RESOURCE_QUOTAS, { namespace, name }))
    if (!quota) return undefined
    const kinds = await kindsOf(quota)
    const counted = await Promise.all(kinds.map(async (kind) => ({ kind, objects: await list(kind, namespace) })))
    const conflict = await write(quota, quotaStatus(quota, counted, clock()))
    if (conflict) return { requeueAfterMs: COLLECT_MS }
    return unknownNames(kinds, quota).length > 0 ? { requeueAfterMs: UNKNOWN_KIND_MS } : undefined
  }

  async function kindsOf(quota: ResourceQuota): Promise<readonly DiscoveredKind[]> {
    const wanted = (kind: DiscoveredKind) => isLimited(kind, quota) && kind.verbs.has('list')
    const kinds = await known.select(wanted, (found) => unknownNames(found, quota).length === 0)
    for (const kind of kinds) follow(kind)
    return kinds
  }

  async function list(kind: DiscoveredKind, namespace: string): Promise<readonly KubeObject[]> {
    const { items } = await client.list<KubeObject>(kind, { namespace, metadataOnly: !needsWholeObjects(kind) })
    return items
  }

  /** True when the quota has changed meanwhile: then it is to be counted again. */
  async function write(quota: ResourceQuota, status: NonNullable<ResourceQuota['status']>): Promise<boolean> {
    if (isDeepStrictEqual(quota.status, status)) return false
    try {
      await unlessGone(client.update(RESOURCE_QUOTAS, { ...quota, status }, { subresource: 'status' }))
      return false
    } catch (error) {
      if (isConflict(error)) return true
      throw error
    }
  }

  /** From now on changes of the kind bring the quotas of their namespace here. */
  function follow(kind: DiscoveredKind): void {
    const key = `${kind.group}/${kind.resource}`
    if (followed.has(key)) return
    followed.add(key)
    const informer = sharedInformer(key) ?? createInformer<HasMetadata>(client, kind, { metadataOnly: true, logger, signal })
    informer.onChange(changed)
    informer.start()
  }

  function sharedInformer(key: string) {
    const { pods, services, persistentVolumeClaims } = informers
    return { '/pods': pods, '/services': services, '/persistentvolumeclaims': persistentVolumeClaims }[key]
  }

  function changed({ object }: Pick<InformerChange<HasMetadata>, 'object'>): void {
    for (const quota of resourceQuotas.byIndex('namespace', object.metadata.namespace ?? '')) {
      queue?.addAfter(keyOf(quota), COLLECT_MS)
    }
  }

  await runReconciler(context, {
    name: 'resource-quota',
    reads: [resourceQuotas],
    watch: (work) => {
      queue = work
      resourceQuotas.onChange(({ key, type }) => {
        if (type !== 'deleted') work.add(key)
      })
      customKinds.onChange(() => {
        known.forget()
        for (const quota of resourceQuotas.list()) work.addAfter(keyOf(quota), COLLECT_MS)
      })
      customKinds.start()
    },
    reconcile,
  })
}

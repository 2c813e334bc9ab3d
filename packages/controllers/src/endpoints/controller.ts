import { isDeepStrictEqual } from 'node:util'
import { type Draft, ENDPOINTS, type Endpoints, splitKey } from '@skiff/api'
import { hasSelector, podsOfService } from '../endpoint-slice/service-pods.ts'
import { watchServicesAndPods } from '../endpoint-slice/watch-services.ts'
import type { ControllerContext } from '../shared/context.ts'
import { namespaceIsTerminating, unlessGone } from '../shared/errors.ts'
import { OwnWrites } from '../shared/own-writes.ts'
import { runReconciler } from '../shared/reconcile.ts'
import { ENDPOINTS_MANAGED_BY_LABEL, endpointsOf } from './plan.ts'

/** Who cares for milliseconds follows EndpointSlices. */
const PATIENCE_MS = 500

/** Keeps the older Endpoints objects beside the EndpointSlices. */
export async function runEndpointsController(context: ControllerContext): Promise<void> {
  const { client, informers } = context
  const { services, pods, endpoints } = informers
  const writes = new OwnWrites(endpoints)

  async function reconcile(key: string): Promise<void> {
    const service = services.get(key)
    const existing = endpoints.get(key)
    if (!service) return existing?.metadata.labels?.[ENDPOINTS_MANAGED_BY_LABEL] ? await remove(key) : undefined
    if (service.metadata.deletionTimestamp || !hasSelector(service) || !writes.areSeen(key)) return
    const wanted = endpointsOf(service, podsOfService(service, pods.byIndex('namespace', service.metadata.namespace ?? '')))
    if (!existing) await create(key, wanted)
    else if (!says(existing, wanted)) writes.wrote(key, await rewrite(existing, wanted))
  }

  async function remove(key: string): Promise<void> {
    writes.forget(key)
    await unlessGone(client.delete(ENDPOINTS, splitKey(key)))
  }

  async function create(key: string, wanted: Draft<Endpoints>): Promise<void> {
    try {
      writes.wrote(key, await client.create<Endpoints>(ENDPOINTS, wanted))
    } catch (error) {
      if (!namespaceIsTerminating(error)) throw error
    }
  }

  async function rewrite({ metadata }: Endpoints, wanted: Draft<Endpoints>): Promise<Endpoints> {
    const { name, namespace = '', resourceVersion } = metadata
    const labels = wanted.metadata.labels ?? {}
    const gone = Object.fromEntries(
      Object.keys(metadata.labels ?? {})
        .filter((label) => !(label in labels))
        .map((label) => [label, null]),
    )
    const body = { metadata: { resourceVersion, labels: { ...gone, ...labels } }, subsets: wanted.subsets ?? null }
    return await client.patch<Endpoints>(ENDPOINTS, { name, namespace }, { type: 'merge', body })
  }

  await runReconciler(context, {
    name: 'endpoints',
    reads: [services, pods, endpoints],
    watch: (queue) => {
      watchServicesAndPods(informers, queue, PATIENCE_MS)
      endpoints.onChange(({ key }) => queue.add(key))
    },
    reconcile,
  })
}

function says(existing: Endpoints, wanted: Draft<Endpoints>): boolean {
  return (
    isDeepStrictEqual(existing.subsets ?? [], wanted.subsets ?? []) &&
    isDeepStrictEqual(existing.metadata.labels, wanted.metadata.labels)
  )
}

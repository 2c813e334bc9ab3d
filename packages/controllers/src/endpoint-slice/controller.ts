import { ENDPOINT_SLICES, type EndpointSlice, type Pod, type Service } from '@skiff/api'
import type { ControllerContext } from '../shared/context.ts'
import { namespaceIsTerminating, unlessGone } from '../shared/errors.ts'
import { SERVICE_NAME_LABEL } from '../shared/informers.ts'
import { OwnWrites } from '../shared/own-writes.ts'
import { runReconciler } from '../shared/reconcile.ts'
import { type EndpointSlicePlan, planEndpointSlices, type SliceContent } from './plan.ts'
import { hasSelector, podsOfService } from './service-pods.ts'
import { watchServicesAndPods } from './watch-services.ts'

const CONCURRENCY = 5
const ZONE_LABEL = 'topology.kubernetes.io/zone'

/** Says in EndpointSlices which pods serve each Service; the proxies of all hosts follow them. */
export async function runEndpointSliceController(context: ControllerContext): Promise<void> {
  const { client, informers } = context
  const { services, pods, nodes, endpointSlices } = informers
  const writes = new OwnWrites(endpointSlices)

  async function reconcile(key: string): Promise<void> {
    const service = services.get(key)
    // A Service that is gone takes its slices with it: they have an owner reference.
    if (!service || service.metadata.deletionTimestamp || !hasSelector(service)) return writes.forget(key)
    if (!writes.areSeen(key)) return
    const plan = planEndpointSlices(service, {
      pods: podsOfService(service, podsIn(service)),
      slices: endpointSlices.byIndex('service', key),
      zoneOf: (node) => nodes.get(node)?.metadata.labels?.[ZONE_LABEL],
    })
    await execute(key, plan)
  }

  function podsIn({ metadata }: Service): readonly Pod[] {
    return pods.byIndex('namespace', metadata.namespace ?? '')
  }

  /** Additions before removals: a pod that moves between slices is in both for a moment rather than in none. */
  async function execute(key: string, { create, update, remove }: EndpointSlicePlan): Promise<void> {
    for (const { slice, content } of update) writes.wrote(key, await rewrite(slice, content))
    for (const slice of create) {
      try {
        writes.wrote(key, await client.create<EndpointSlice>(ENDPOINT_SLICES, slice))
      } catch (error) {
        if (namespaceIsTerminating(error)) return
        throw error
      }
    }
    for (const { metadata } of remove) {
      const { name, namespace = '', uid } = metadata
      await unlessGone(client.delete(ENDPOINT_SLICES, { name, namespace }, { uid }))
    }
  }

  async function rewrite({ metadata }: EndpointSlice, { labels, ports, endpoints }: SliceContent): Promise<EndpointSlice> {
    const { name, namespace = '', resourceVersion } = metadata
    const gone = Object.fromEntries(
      Object.keys(metadata.labels ?? {})
        .filter((label) => !(label in labels))
        .map((label) => [label, null]),
    )
    const body = { metadata: { resourceVersion, labels: { ...gone, ...labels } }, ports, endpoints }
    return await client.patch<EndpointSlice>(ENDPOINT_SLICES, { name, namespace }, { type: 'merge', body })
  }

  await runReconciler(context, {
    name: 'endpoint-slice',
    reads: [services, pods, nodes, endpointSlices],
    watch: (queue) => {
      watchServicesAndPods(informers, queue)
      endpointSlices.onChange(({ object, previous }) => {
        for (const { metadata } of previous ? [object, previous] : [object]) {
          const service = metadata.labels?.[SERVICE_NAME_LABEL]
          if (service !== undefined) queue.add(`${metadata.namespace}/${service}`)
        }
      })
    },
    reconcile,
    concurrency: CONCURRENCY,
  })
}

import type { Pod, Service } from '@skiff/api'
import type { ControllerContext } from '../shared/context.ts'
import { OwnWrites } from '../shared/own-writes.ts'
import { runReconciler } from '../shared/reconcile.ts'
import { executePlan } from './execute-plan.ts'
import { planEndpointSlices } from './plan.ts'
import { hasSelector, podsOfService } from './service-pods.ts'
import { watchServicesAndPods, watchSlices } from './watch-services.ts'

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
    await executePlan({ client, writes, key }, plan)
  }

  function podsIn({ metadata }: Service): readonly Pod[] {
    return pods.byIndex('namespace', metadata.namespace ?? '')
  }

  await runReconciler(context, {
    name: 'endpoint-slice',
    reads: [services, pods, nodes, endpointSlices],
    watch: (queue) => {
      watchServicesAndPods(informers, queue)
      watchSlices(endpointSlices, queue)
    },
    reconcile,
    concurrency: CONCURRENCY,
  })
}

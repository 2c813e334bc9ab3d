import type { Pod, Service } from '@skiff/api'
import type { ControllerContext } from '../shared/context.ts'
import { OwnWrites } from '../shared/own-writes.ts'
import { runReconciler } from '../shared/reconcile.ts'
import { executePlan } from './execute-plan.ts'
import { isEmpty, planEndpointSlices } from './plan.ts'
import { isQuiet } from './quiet-plan.ts'
import { hasSelector, podsOfService } from './service-pods.ts'
import { watchServicesAndPods, watchSlices } from './watch-services.ts'
import { WritePace } from './write-pace.ts'

const CONCURRENCY = 5
const ZONE_LABEL = 'topology.kubernetes.io/zone'

/** Says in EndpointSlices which pods serve each Service; the proxies of all hosts follow them. */
export async function runEndpointSliceController(context: ControllerContext): Promise<void> {
  const { client, informers, clock } = context
  const { services, pods, nodes, endpointSlices } = informers
  const writes = new OwnWrites(endpointSlices)
  const pace = new WritePace()

  async function reconcile(key: string) {
    const service = services.get(key)
    // A Service that is gone takes its slices with it: they have an owner reference.
    if (!service || service.metadata.deletionTimestamp || !hasSelector(service)) return forget(key)
    if (!writes.areSeen(key)) return undefined
    const selected = podsOfService(service, podsIn(service))
    const plan = planEndpointSlices(service, {
      pods: selected,
      slices: endpointSlices.byIndex('service', key),
      zoneOf: (node) => nodes.get(node)?.metadata.labels?.[ZONE_LABEL],
    })
    if (isEmpty(plan)) {
      pace.isRight(key)
      return undefined
    }
    const waitMs = pace.waitMs(key, { isQuiet: isQuiet(plan, service, selected), nowMs: clock().getTime() })
    if (waitMs > 0) return { requeueAfterMs: waitMs }
    await executePlan({ client, writes, key }, plan)
    pace.wrote(key, clock().getTime())
    return undefined
  }

  function forget(key: string): undefined {
    writes.forget(key)
    pace.forget(key)
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

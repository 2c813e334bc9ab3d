import type { Endpoints, Service } from '@skiff/api'
import { executePlan } from '../endpoint-slice/execute-plan.ts'
import { hasSelector } from '../endpoint-slice/service-pods.ts'
import { watchSlices } from '../endpoint-slice/watch-services.ts'
import type { ControllerContext } from '../shared/context.ts'
import { OwnWrites } from '../shared/own-writes.ts'
import { runReconciler } from '../shared/reconcile.ts'
import { planMirror } from './plan.ts'

const SKIP_LABEL = 'endpointslice.kubernetes.io/skip-mirror'

/** Services without a selector serve what somebody writes into their Endpoints: slices repeat it, since proxies read only slices. */
export async function runEndpointSliceMirroring(context: ControllerContext): Promise<void> {
  const { client, informers } = context
  const { services, endpoints, endpointSlices } = informers
  const writes = new OwnWrites(endpointSlices)

  async function reconcile(key: string): Promise<void> {
    if (!writes.areSeen(key)) return
    const found = endpoints.get(key)
    const mirrored = found !== undefined && isMirrored(found, services.get(key)) ? found : undefined
    await executePlan({ client, writes, key }, planMirror(mirrored, endpointSlices.byIndex('service', key)))
  }

  await runReconciler(context, {
    name: 'endpoint-slice-mirroring',
    reads: [services, endpoints, endpointSlices],
    watch: (queue) => {
      services.onChange(({ key }) => queue.add(key))
      endpoints.onChange(({ key }) => queue.add(key))
      watchSlices(endpointSlices, queue)
    },
    reconcile,
  })
}

function isMirrored({ metadata }: Endpoints, service: Service | undefined): boolean {
  if (service === undefined || hasSelector(service) || metadata.deletionTimestamp !== undefined) return false
  return metadata.labels?.[SKIP_LABEL] !== 'true'
}

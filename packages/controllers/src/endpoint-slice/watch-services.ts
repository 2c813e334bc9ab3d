import { isDeepStrictEqual } from 'node:util'
import { keyOf, type Pod, podIsReady, podIsTerminal, selectsLabels } from '@skiff/api'
import type { WorkQueue } from '@skiff/client'
import { SERVICE_NAME_LABEL, type SharedInformers } from '../shared/informers.ts'
import { hasSelector } from './service-pods.ts'

/**
 * Adds the key of every Service that changed, or whose pods changed in a way that its endpoints tell of.
 * @param patienceMs so much later for its pods, so that what comes meanwhile is one with it
 */
export function watchServicesAndPods(
  { services, pods }: Pick<SharedInformers, 'services' | 'pods'>,
  queue: WorkQueue,
  patienceMs = 0,
): void {
  services.onChange(({ key }) => queue.add(key))
  pods.onChange(({ object, previous }) => {
    if (previous && isDeepStrictEqual(whatEndpointsTell(previous), whatEndpointsTell(object))) return
    const labels = previous ? [object.metadata.labels, previous.metadata.labels] : [object.metadata.labels]
    for (const service of services.byIndex('namespace', object.metadata.namespace ?? '')) {
      if (!hasSelector(service)) continue
      if (labels.some((one) => selectsLabels(service.spec.selector, one))) queue.addAfter(keyOf(service), patienceMs)
    }
  })
}

/** Adds the key of the Service that a changed slice belongs to, or belonged to. */
export function watchSlices(slices: SharedInformers['endpointSlices'], queue: WorkQueue): void {
  slices.onChange(({ object, previous }) => {
    for (const { metadata } of previous ? [object, previous] : [object]) {
      const service = metadata.labels?.[SERVICE_NAME_LABEL]
      if (service !== undefined) queue.add(`${metadata.namespace}/${service}`)
    }
  })
}

function whatEndpointsTell(pod: Pod): unknown {
  const { labels, deletionTimestamp } = pod.metadata
  return [labels, deletionTimestamp, pod.spec.nodeName, pod.status?.podIP, podIsReady(pod), podIsTerminal(pod)]
}

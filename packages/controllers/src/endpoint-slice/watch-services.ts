import { isDeepStrictEqual } from 'node:util'
import { keyOf, type Pod, podIsReady, podIsTerminal, selectsLabels } from '@skiff/api'
import type { WorkQueue } from '@skiff/client'
import type { SharedInformers } from '../shared/informers.ts'
import { hasSelector } from './service-pods.ts'

/** Adds the key of every Service that changed, or whose pods changed in a way that its endpoints tell of. */
export function watchServicesAndPods({ services, pods }: Pick<SharedInformers, 'services' | 'pods'>, queue: WorkQueue): void {
  services.onChange(({ key }) => queue.add(key))
  pods.onChange(({ object, previous }) => {
    if (previous && isDeepStrictEqual(whatEndpointsTell(previous), whatEndpointsTell(object))) return
    const labels = previous ? [object.metadata.labels, previous.metadata.labels] : [object.metadata.labels]
    for (const service of services.byIndex('namespace', object.metadata.namespace ?? '')) {
      if (!hasSelector(service)) continue
      if (labels.some((one) => selectsLabels(service.spec.selector, one))) queue.add(keyOf(service))
    }
  })
}

function whatEndpointsTell(pod: Pod): unknown {
  const { labels, deletionTimestamp } = pod.metadata
  return [labels, deletionTimestamp, pod.spec.nodeName, pod.status?.podIP, podIsReady(pod), podIsTerminal(pod)]
}

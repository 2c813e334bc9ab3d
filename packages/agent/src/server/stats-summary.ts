import { rfc3339 } from '@skiff/api'
import type { PodFinder } from './pod-finder.ts'

/** The kubelet's `/stats/summary`, as far as it is known which pods there are; usage comes with metrics.k8s.io. */
export async function statsSummary(finder: PodFinder, nodeName: string): Promise<object> {
  const pods = finder.pods().map(({ metadata, status }) => ({
    podRef: { name: metadata.name, namespace: metadata.namespace, uid: metadata.uid },
    startTime: status?.startTime ?? null,
    containers: (status?.containerStatuses ?? []).map(({ name, state }) => ({
      name,
      startTime: state?.running?.startedAt ?? null,
    })),
  }))
  return { node: { nodeName, startTime: rfc3339(new Date(Date.now() - process.uptime() * 1000)) }, pods }
}

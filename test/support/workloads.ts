/** What tests ask of the workloads of a cluster. */
import { PODS, type Pod, podIsReady, SERVICES, type Service } from '@skiff/api'
import type { Cluster, ClusterHost } from './cluster.ts'
import { waitFor } from './wait-for.ts'

export async function podsOf(cluster: Cluster, app: string): Promise<readonly Pod[]> {
  return (await cluster.client.list<Pod>(PODS, { namespace: 'default', labelSelector: `app=${app}` })).items
}

/** Exactly so many pods, all of them ready and none that leaves: nothing of what was before is still going on. */
export async function readyPods(cluster: Cluster, app: string, count: number): Promise<readonly Pod[]> {
  return waitFor(
    `${count} pods of ${app} are ready, and no other is left`,
    async () => {
      const pods = await podsOf(cluster, app)
      const settled = pods.every((pod) => podIsReady(pod) && pod.metadata.deletionTimestamp === undefined)
      if (pods.length === count && settled) return pods
      throw new Error(pods.map(({ metadata, status }) => JSON.stringify([metadata, status])).join('\n'))
    },
    120_000,
  )
}

/** Where the Service answers on each of these hosts, from outside. */
export async function nodePortUrls(
  cluster: Cluster,
  name: string,
  hosts: readonly ClusterHost[] = cluster.hosts,
): Promise<string[]> {
  const service = await cluster.client.get<Service>(SERVICES, { namespace: 'default', name })
  const port = service.spec.ports?.[0]?.nodePort
  return hosts.map(({ ip }) => `http://${ip}:${port}/`)
}

export function hostOf(cluster: Cluster, pod: Pod): ClusterHost {
  const host = cluster.hosts.find(({ name }) => name === pod.spec.nodeName)
  if (!host) throw new Error(`pod ${pod.metadata.name} is on no host`)
  return host
}

/** The running containers and sandboxes of pods, or of one of them: `id pid` each, sorted. */
export async function runningContainers(host: ClusterHost, pod?: Pod): Promise<readonly string[]> {
  const label = pod ? `io.kubernetes.pod.uid=${pod.metadata.uid}` : 'io.kubernetes.pod.uid'
  const ids = (await host.docker('ps', '-q', '--no-trunc', '--filter', `label=${label}`)).split('\n').filter(Boolean)
  // One may be removed between the two looks.
  const lines = await Promise.all(
    ids.map((id) => host.docker('inspect', '--format', '{{.Id}} {{.State.Pid}}', id).catch(() => '')),
  )
  return lines
    .map((line) => line.trim())
    .filter(Boolean)
    .sort()
}

/** The id of the pod's running container of that name; `POD` is its sandbox. */
export async function containerOf(host: ClusterHost, pod: Pod, name: string): Promise<string> {
  const filters = [`label=io.kubernetes.pod.uid=${pod.metadata.uid}`, `label=io.kubernetes.container.name=${name}`]
  const output = await host.docker('ps', '-q', ...filters.flatMap((filter) => ['--filter', filter]))
  return output.trim()
}

/** Its host may have to get the image from another one first. */
export async function readyPod(cluster: Cluster, name: string): Promise<Pod> {
  return waitFor(
    `${name} is ready`,
    async () => {
      const pod = await cluster.client.get<Pod>(PODS, { namespace: 'default', name })
      if (podIsReady(pod)) return pod
      throw new Error(JSON.stringify(pod.status))
    },
    120_000,
  )
}

/** It stays on its host whatever happens to that. */
export function boundPod(name: string, host: ClusterHost) {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      nodeName: host.name,
      tolerations: [{ operator: 'Exists' }],
      containers: [{ name: 'hello', image: 'skiff-sample/hello:1', readinessProbe: { httpGet: { port: 80 }, periodSeconds: 1 } }],
    },
  }
}

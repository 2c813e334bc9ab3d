/** From the request that changes an object until the last of many watchers has been told. */
import { setTimeout as sleep } from 'node:timers/promises'
import { CONFIG_MAPS, type ConfigMap } from '@skiff/api'
import { ApiClient, loadKubeconfig } from '@skiff/client'
import type { Cluster } from '../../test/support/cluster.ts'
import { waitFor } from '../../test/support/wait-for.ts'
import { printFigure, rounded } from './figure.ts'

const WATCHERS = 100
const EVENTS = 200
const PAUSE_MS = 25

export async function measureFanOut(cluster: Cluster, namespace: string): Promise<void> {
  const stop = new AbortController()
  const client = new ApiClient({ ...loadKubeconfig(cluster.kubeconfig), userAgent: 'bench' })
  const { resourceVersion } = await client.list<ConfigMap>(CONFIG_MAPS, { namespace, limit: 1 })
  const arrivals = new Map<string, number[]>()
  const watchers = Array.from({ length: WATCHERS }, () => watch(client, { namespace, resourceVersion, stop, arrivals }))
  const openEnough = () => cluster.client.request('GET', '/metrics').then(({ body }) => openWatches(body.toString()) >= WATCHERS)
  await waitFor('all watch', openEnough)
  const sentAt = new Map<string, number>()
  for (let n = 0; n < EVENTS; n += 1) {
    const name = `watched-${n}`
    sentAt.set(name, performance.now())
    await client.create(CONFIG_MAPS, { metadata: { name } }, { namespace })
    await sleep(PAUSE_MS)
  }
  await waitFor('all were told', () => arrivals.size === EVENTS && [...arrivals.values()].every((at) => at.length === WATCHERS))
  stop.abort()
  await Promise.all(watchers)
  client.close()
  const delays = [...arrivals].flatMap(([name, at]) => at.map((time) => time - (sentAt.get(name) ?? 0))).sort((a, b) => a - b)
  const quantile = (share: number) => rounded(delays[Math.floor(delays.length * share)] ?? 0)
  printFigure({
    name: `from a create until ${WATCHERS} watchers know, 99th percentile`,
    value: quantile(0.99),
    unit: 'ms',
    goal: '<= 20',
    details: { p50: quantile(0.5), note: 'the time that the one client process takes to read is in it' },
  })
}

interface Watching {
  readonly namespace: string
  readonly resourceVersion: string
  readonly stop: AbortController
  readonly arrivals: Map<string, number[]>
}

/** Takes the name out of the bytes: parsing every event in one process would be most of what is measured. */
async function watch(client: ApiClient, { namespace, resourceVersion, stop, arrivals }: Watching): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/configmaps?watch=true&resourceVersion=${resourceVersion}`
  const stream = await client.stream('GET', path, { signal: stop.signal })
  try {
    for await (const chunk of stream) {
      const now = performance.now()
      for (const [, name = ''] of String(chunk).matchAll(/"name":"(watched-\d+)"/g)) {
        const all = arrivals.get(name) ?? []
        all.push(now)
        arrivals.set(name, all)
      }
    }
  } catch (error) {
    if (!stop.signal.aborted) throw error
  }
}

function openWatches(metrics: string): number {
  return Number(/apiserver_longrunning_requests\{group="",resource="configmaps"\} (\d+)/.exec(metrics)?.[1] ?? 0)
}

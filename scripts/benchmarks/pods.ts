/** From apply to Ready: one pod, and many on one host, against bare Docker in the same run. */
import { PODS, type Pod, podIsReady } from '@skiff/api'
import { hostSocket } from '../../packages/cli/src/hosts/index.ts'
import type { Cluster } from '../../test/support/cluster.ts'
import { waitFor } from '../../test/support/wait-for.ts'
import { BareDocker, PAUSE_IMAGE } from './bare-docker.ts'
import { median, printFigure, rounded, timed } from './figure.ts'

const ROUNDS = 10
const MANY = 20

export async function measurePods(cluster: Cluster): Promise<void> {
  const bare = new BareDocker(hostSocket(cluster.host(0).host))
  await startAndRemove(cluster, ['warm-up'])

  const single: { skiff: number[]; bare: number[] } = { skiff: [], bare: [] }
  for (let i = 0; i < ROUNDS; i++) {
    single.bare.push(await timed(() => bare.startPod(`single-${i}`)))
    await bare.removeAll()
    single.skiff.push(await startAndRemove(cluster, [`single-${i}`]))
  }
  const [skiff, docker] = [median(single.skiff), median(single.bare)]
  printFigure({
    name: 'one pod, apply to Ready / bare Docker',
    value: skiff / docker,
    unit: 'x',
    goal: '<= 0.85',
    details: { skiffSeconds: rounded(skiff), bareSeconds: rounded(docker), rounds: ROUNDS },
  })

  const bareSeconds: Record<number, number> = {}
  for (const concurrency of [2, 4, 8]) {
    bareSeconds[concurrency] = await bare.startPods(MANY, concurrency)
    await bare.removeAll()
  }
  const many = await startAndRemove(
    cluster,
    Array.from({ length: MANY }, (_, i) => `many-${i}`),
  )
  const best = Math.min(...Object.values(bareSeconds))
  printFigure({
    name: `${MANY} pods on one host / bare Docker at its best`,
    value: many / best,
    unit: 'x',
    goal: '<= 0.9',
    details: { skiffSeconds: rounded(many), bareSeconds },
  })
}

/** Seconds from the first request until every pod was seen Ready. */
async function startAndRemove(cluster: Cluster, names: readonly string[]): Promise<number> {
  const { client } = cluster
  const signal = new AbortController()
  const { resourceVersion } = await client.list<Pod>(PODS, { namespace: 'default' })
  const events = client.watch<Pod>(PODS, { namespace: 'default', resourceVersion, signal: signal.signal })
  const waiting = new Set(names)
  const start = performance.now()
  const created = Promise.all(names.map((name) => client.create(PODS, podOf(name), { namespace: 'default' })))
  for await (const { type, object } of events) {
    if (type === 'MODIFIED' && podIsReady(object)) waiting.delete(object.metadata.name)
    if (waiting.size === 0) break
  }
  const seconds = (performance.now() - start) / 1000
  signal.abort()
  await created
  for (const name of names) await client.delete(PODS, { namespace: 'default', name }, { gracePeriodSeconds: 0 })
  await waitFor(
    'the containers are gone',
    async () => (await cluster.host(0).docker('ps', '-aq', '--filter', 'label=io.kubernetes.pod.namespace=default')) === '',
    60_000,
  )
  return seconds
}

function podOf(name: string) {
  return {
    metadata: { name },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'main', image: PAUSE_IMAGE, imagePullPolicy: 'IfNotPresent' as const }],
    },
  }
}

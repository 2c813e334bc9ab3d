/** Requests per second through the gateway against a bare http-proxy with a keep-alive agent, in front of the same pod. */
import { join } from 'node:path'
import { type Cluster, manifest } from '../../test/support/cluster.ts'
import { waitFor } from '../../test/support/wait-for.ts'
import { readyPods } from '../../test/support/workloads.ts'
import { median, printFigure } from './figure.ts'
import { requestsPerSecond } from './wrk.ts'

const ROUNDS = 3
const BARE_PORT = 18080
const ROOT = join(import.meta.dirname, '..', '..')

export async function measureGateway(cluster: Cluster): Promise<void> {
  await cluster.kubectlOk(['apply', '-f', '-'], manifest('hello.yaml').replace('replicas: 2', 'replicas: 1'))
  const [pod] = await readyPods(cluster, 'hello', 1)
  const host = cluster.host(0)
  const bare = host.exec([
    join(ROOT, 'scripts', 'with-node'),
    'node',
    join(import.meta.dirname, 'bare-http-proxy.ts'),
    String(BARE_PORT),
    `http://${pod?.status?.podIP}`,
  ])
  const bareEnded = bare.catch(() => undefined)
  const urls = { gateway: 'http://127.0.0.1/', bare: `http://127.0.0.1:${BARE_PORT}/` }
  const rates: Record<keyof typeof urls, number[]> = { gateway: [], bare: [] }
  try {
    await waitFor('the bare proxy answers', () => host.fetch(urls.bare))
    for (let round = 0; round < ROUNDS; round += 1)
      for (const name of ['bare', 'gateway'] as const)
        rates[name].push(await requestsPerSecond(host, urls[name], { Host: 'hello.default.localhost' }))
  } finally {
    await host.exec(['pkill', '-f', 'bare-http-proxy.ts'])
    await bareEnded
  }
  printFigure({
    name: 'requests/s through the gateway / a bare http-proxy',
    value: median(rates.gateway) / median(rates.bare),
    unit: 'x',
    goal: '>= 0.8',
    details: rates,
  })
  await cluster.kubectlOk(['delete', 'deploy/hello', 'svc/hello'])
}

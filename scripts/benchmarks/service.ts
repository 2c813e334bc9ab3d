/** Requests per second through a Service's addresses against the pod's own. The load generator runs on the test host. */
import { PODS, type Pod, podIsReady, SERVICES, type Service } from '@skiff/api'
import { type Cluster, manifest } from '../../test/support/cluster.ts'
import { waitFor } from '../../test/support/wait-for.ts'
import { median, printFigure } from './figure.ts'
import { requestsPerSecond } from './wrk.ts'

const ROUNDS = 3

export async function measureService(cluster: Cluster): Promise<void> {
  await cluster.kubectlOk(['apply', '-f', '-'], manifest('hello.yaml').replace('replicas: 2', 'replicas: 1'))
  const pod = await waitFor(
    'hello is ready',
    async () =>
      (await cluster.client.list<Pod>(PODS, { namespace: 'default', labelSelector: 'app=hello' })).items.find(podIsReady),
    60_000,
  )
  const service = await cluster.client.get<Service>(SERVICES, { namespace: 'default', name: 'hello' })
  const host = cluster.host(0)
  const addresses = {
    direct: `http://${pod.status?.podIP}/`,
    clusterIp: `http://${service.spec.clusterIP}/`,
    nodePort: `http://${host.ip}:${service.spec.ports?.[0]?.nodePort}/`,
  }
  for (const url of Object.values(addresses)) await waitFor(`${url} answers`, () => host.fetch(url))
  const rates: Record<keyof typeof addresses, number[]> = { direct: [], clusterIp: [], nodePort: [] }
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of ['direct', 'clusterIp', 'nodePort'] as const)
      rates[name].push(await requestsPerSecond(host, addresses[name]))
  }
  const direct = median(rates.direct)
  printFigure({
    name: 'requests/s through the ClusterIP / direct to the pod',
    value: median(rates.clusterIp) / direct,
    unit: 'x',
    goal: '>= 0.9',
    details: rates,
  })
  printFigure({
    name: 'requests/s through the NodePort / direct to the pod',
    value: median(rates.nodePort) / direct,
    unit: 'x',
    goal: '>= 0.9',
  })
  await cluster.kubectlOk(['delete', 'deploy/hello', 'svc/hello'])
}

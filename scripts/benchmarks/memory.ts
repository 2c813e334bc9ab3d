/** Resident memory of an idle cluster's processes, the sample application running. */
import { setTimeout as sleep } from 'node:timers/promises'
import { DEPLOYMENTS, type Deployment } from '@skiff/api'
import { type Cluster, manifest } from '../../test/support/cluster.ts'
import { waitFor } from '../../test/support/wait-for.ts'
import { printFigure } from './figure.ts'
import { residentMegabytes, skiffProcesses } from './processes.ts'

/** Long enough for garbage of the start to be collected. */
const SETTLE_MS = 20_000

export async function measureMemory(cluster: Cluster): Promise<void> {
  await cluster.kubectlOk(['apply', '-f', '-'], manifest('blog.yaml'))
  await waitFor(
    'the blog runs',
    async () =>
      (await cluster.client.list<Deployment>(DEPLOYMENTS)).items.every(
        ({ status, spec }) => status?.availableReplicas === spec.replicas,
      ),
    90_000,
  )
  await sleep(SETTLE_MS)
  const processes = skiffProcesses(cluster).map((one) => ({ ...one, megabytes: residentMegabytes(one) }))
  const sum = (...components: string[]) =>
    processes.filter(({ component }) => components.includes(component)).reduce((total, { megabytes }) => total + megabytes, 0)
  printFigure({ name: 'resident memory of the master', value: sum('master'), unit: 'MB', goal: '<= 150' })
  printFigure({
    name: 'resident memory of agent and proxy',
    value: sum('agent', 'proxy') / cluster.hosts.length,
    unit: 'MB',
    goal: '<= 150',
    details: { processes },
  })
}

/** Runs the benchmarks that are named on the command line, or all. See scripts/bench. */
import { type Cluster, startCluster } from '../../test/support/cluster.ts'
import { measureApi } from './api.ts'
import { measureGateway } from './gateway.ts'
import { measureHosts } from './hosts.ts'
import { measureIdle } from './idle.ts'
import { measureMemory } from './memory.ts'
import { measurePods } from './pods.ts'
import { measureProbes } from './probes.ts'
import { measureRestart } from './restart.ts'
import { measureService } from './service.ts'
import { measureStore } from './store.ts'

interface Benchmark {
  readonly hosts: number
  measure(cluster: Cluster): Promise<void>
}

const IN_CLUSTER: Readonly<Record<string, Benchmark>> = {
  api: { hosts: 0, measure: measureApi },
  pods: { hosts: 1, measure: measurePods },
  probes: { hosts: 1, measure: measureProbes },
  service: { hosts: 1, measure: measureService },
  gateway: { hosts: 1, measure: measureGateway },
  memory: { hosts: 1, measure: measureMemory },
  idle: { hosts: 1, measure: measureIdle },
  restart: { hosts: 1, measure: measureRestart },
  hosts: { hosts: 3, measure: measureHosts },
}

const asked = process.argv.slice(2)
const isWanted = (name: string) => asked.length === 0 || asked.includes(name)
const unknown = asked.filter((name) => name !== 'store' && !(name in IN_CLUSTER))
if (unknown.length > 0) {
  process.stderr.write(`bench: ${unknown.join(', ')} is not known; there are store, ${Object.keys(IN_CLUSTER).join(', ')}\n`)
  process.exit(2)
}

if (isWanted('store')) for await (const figure of measureStore()) process.stdout.write(`${JSON.stringify(figure)}\n`)
for (const hosts of [0, 1, 3]) {
  const wanted = Object.entries(IN_CLUSTER).filter(([name, benchmark]) => isWanted(name) && benchmark.hosts === hosts)
  if (wanted.length === 0) continue
  await using cluster = await startCluster({ hosts })
  for (const [, { measure }] of wanted) await measure(cluster)
}

/** Runs the benchmarks that are named on the command line, or all. See scripts/bench. */
import { type Cluster, startCluster } from '../../test/support/cluster.ts'
import { measureMemory } from './memory.ts'
import { measurePods } from './pods.ts'
import { measureService } from './service.ts'
import { measureStore } from './store.ts'

const IN_CLUSTER: Record<string, (cluster: Cluster) => Promise<void>> = {
  pods: measurePods,
  service: measureService,
  memory: measureMemory,
}

const asked = process.argv.slice(2)
const wanted = (name: string) => asked.length === 0 || asked.includes(name)
const unknown = asked.filter((name) => name !== 'store' && !(name in IN_CLUSTER))
if (unknown.length > 0) {
  process.stderr.write(`bench: ${unknown.join(', ')} is not known; there are store, ${Object.keys(IN_CLUSTER).join(', ')}\n`)
  process.exit(2)
}

if (wanted('store')) for await (const figure of measureStore()) process.stdout.write(`${JSON.stringify(figure)}\n`)
const inCluster = Object.entries(IN_CLUSTER).filter(([name]) => wanted(name))
if (inCluster.length > 0) {
  await using cluster = await startCluster({ hosts: 1 })
  for (const [, measure] of inCluster) await measure(cluster)
}

/** How long a master is away that is killed with 10,000 objects in its store. */
import { CONFIG_MAPS } from '@skiff/api'
import type { Cluster } from '../../test/support/cluster.ts'
import { median, printFigure, rounded, timed } from './figure.ts'

const OBJECTS = 10_000
const AT_ONCE = 64
const RESTARTS = 5
const NAMESPACE = 'bench-restart'

export async function measureRestart(cluster: Cluster): Promise<void> {
  await cluster.kubectlOk(['create', 'namespace', NAMESPACE])
  await createObjects(cluster)
  const seconds: number[] = []
  for (let round = 0; round < RESTARTS; round += 1) {
    await cluster.killMaster()
    seconds.push(await timed(() => cluster.startMaster()))
  }
  printFigure({
    name: `a killed master with ${OBJECTS} objects serves again`,
    value: median(seconds),
    unit: 's',
    goal: '<= 3',
    details: { seconds: seconds.map(rounded) },
  })
  await cluster.kubectlOk(['delete', 'namespace', NAMESPACE])
}

async function createObjects({ client }: Cluster): Promise<void> {
  const data = { text: 'x'.repeat(900) }
  let next = 0
  const work = async () => {
    while (next < OBJECTS) {
      const name = `object-${next++}`
      await client.create(CONFIG_MAPS, { metadata: { name }, data }, { namespace: NAMESPACE })
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
}

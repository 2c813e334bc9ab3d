/** What the agent costs with a full host that does nothing, and what its probes cost. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { PODS, type Pod, type Probe, podIsReady } from '@skiff/api'
import { insideHost } from '../../packages/cli/src/hosts/index.ts'
import type { Cluster, ClusterHost } from '../../test/support/cluster.ts'
import { importBusybox } from '../../test/support/test-image.ts'
import { waitFor } from '../../test/support/wait-for.ts'
import { PAUSE_IMAGE } from './bare-docker.ts'
import { printFigure, rounded } from './figure.ts'
import { processorSeconds, residentMegabytes, skiffProcesses } from './processes.ts'

const COUNT = 100
const WEB_IMAGE = 'skiff-bench/web:1'
/** Start-up's garbage collection and first reports are over. */
const SETTLE_MS = 20_000
/** What asks so often has been compiled by then, which takes a tenth of its processor time before. */
const SETTLE_BUSY_MS = 60_000
const MEASURED_MS = 40_000
const START_MS = 300_000
const HTTP_PORT = 18_080
const GRPC_PORT = 18_081
/** As bin/skiff has them. */
const AGENT_FLAGS = ['--no-maglev', '--v8-pool-size=1', '--max-semi-space-size=1']

export async function measureProbes(cluster: Cluster): Promise<void> {
  await measureIdlePods(cluster)
  await measureManyProbes(cluster)
}

async function measureIdlePods(cluster: Cluster): Promise<void> {
  await importBusybox(cluster.host(0), WEB_IMAGE, { files: { 'www/index.html': 'ok' } })
  const command = ['/bin/httpd', '-f', '-p', '80', '-h', '/www']
  const readinessProbe = { httpGet: { port: 80 }, periodSeconds: 10 }
  const container = { name: 'web', image: WEB_IMAGE, imagePullPolicy: 'IfNotPresent', command, readinessProbe }
  await run(cluster, () => ({ containers: [container] }))
  const { percent, megabytes } = await costOfAgent(cluster)
  printFigure({
    name: `processor time of the agent, ${COUNT} idle pods with an HTTP probe every 10 s`,
    value: percent,
    unit: '%',
    goal: '<= 3',
  })
  printFigure({ name: `resident memory of the agent with ${COUNT} pods`, value: megabytes, unit: 'MB', goal: '<= 100' })
  await removeAll(cluster)
}

/** Two a second for each pod: a third of them over HTTP, over TCP, and over gRPC. All ask one server, which costs the host little. */
async function measureManyProbes(cluster: Cluster): Promise<void> {
  using _server = await startServer(cluster.host(0))
  const ways: readonly Probe[] = [
    { httpGet: { port: HTTP_PORT } },
    { tcpSocket: { port: HTTP_PORT } },
    { grpc: { port: GRPC_PORT } },
  ]
  await run(cluster, (i) => {
    const probe = { ...ways[i % ways.length], periodSeconds: 1 }
    const probes = { readinessProbe: probe, livenessProbe: probe }
    return { hostNetwork: true, containers: [{ name: 'main', image: PAUSE_IMAGE, imagePullPolicy: 'IfNotPresent', ...probes }] }
  })
  const { percent } = await costOfAgent(cluster, SETTLE_BUSY_MS)
  await removeAll(cluster)
  const bare = await costOfBareProber(cluster.host(0))
  printFigure({
    name: `processor time of the agent with ${2 * COUNT} probes a second`,
    value: percent,
    unit: '%',
    goal: '<= 10',
    details: { 'the same asked by Node’s clients alone': rounded(bare), ratio: rounded(percent / bare) },
  })
}

async function costOfBareProber({ host, ip }: ClusterHost): Promise<number> {
  const settings = [ip, HTTP_PORT, GRPC_PORT, 2 * COUNT, SETTLE_BUSY_MS, MEASURED_MS].map(String)
  const script = join(import.meta.dirname, 'bare-prober.ts')
  const [program = '', ...args] = insideHost(host, [process.execPath, ...AGENT_FLAGS, script, ...settings])
  return Number((await promisify(execFile)(program, args)).stdout)
}

async function costOfAgent(
  cluster: Cluster,
  settleMs = SETTLE_MS,
): Promise<{ readonly percent: number; readonly megabytes: number }> {
  const agent = skiffProcesses(cluster).find(({ component }) => component === 'agent')
  if (agent === undefined) throw new Error('no agent runs')
  await sleep(settleMs)
  const before = processorSeconds(agent)
  await sleep(MEASURED_MS)
  return { percent: (100 * (processorSeconds(agent) - before)) / (MEASURED_MS / 1000), megabytes: residentMegabytes(agent) }
}

async function run({ client }: Cluster, specOf: (i: number) => object): Promise<void> {
  const names = Array.from({ length: COUNT }, (_, i) => `probed-${i}`)
  await Promise.all(
    names.map((name, i) => client.create(PODS, { metadata: { name }, spec: specOf(i) }, { namespace: 'default' })),
  )
  const all = () => client.list<Pod>(PODS, { namespace: 'default' })
  await waitFor(`${COUNT} pods are ready`, async () => (await all()).items.filter(podIsReady).length === COUNT, START_MS)
}

async function removeAll(cluster: Cluster): Promise<void> {
  await cluster.kubectlOk(['delete', 'pods', '--all', '--grace-period=1', '--timeout=300s'])
}

/** Ends with what it gives. */
async function startServer({ host }: ClusterHost): Promise<Disposable> {
  const script = join(import.meta.dirname, 'probed-server.ts')
  const [program = '', ...args] = insideHost(host, [process.execPath, script, `${HTTP_PORT}`, `${GRPC_PORT}`])
  const server = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(server.stdout, 'data')
  // The one that was started only waits for the one inside, which ends with the host.
  return { [Symbol.dispose]: () => server.kill() }
}

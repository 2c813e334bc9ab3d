/**
 * What the API server takes for a request, next to a bare Node server that reads and writes the same bytes over the
 * same TLS in the same run. The load generator is wrk: a Node client would measure itself.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { CONFIG_MAPS, PODS } from '@skiff/api'
import type { Cluster } from '../../test/support/cluster.ts'
import { BareServer, type KnownAnswer } from './bare-server.ts'
import { median, printFigure, rounded } from './figure.ts'
import { processorSeconds, residentMegabytes, type SkiffProcess, skiffProcesses } from './processes.ts'
import { measureFanOut } from './watch-fan-out.ts'

const NAMESPACE = 'bench-api'
const PODS_LISTED = 5_000
const OBJECTS_IN_MEMORY = 10_000
const AT_ONCE = 64
const SETTLE_MS = 20_000
const ROUNDS = 3
const SECONDS = 4
const TEXT = 'x'.repeat(800)

interface Operation {
  readonly name: string
  readonly method: 'GET' | 'POST' | 'PUT'
  /** `%d` stands for a number that no request before had; wrk's own Lua fills it in. */
  readonly path: string
  readonly body?: string
  readonly inFlight: number
  readonly goal: string
}

const configMaps = `/api/v1/namespaces/${NAMESPACE}/configmaps`
const bodyOf = (name: string) =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: NAMESPACE }, data: { text: TEXT } })

const OPERATIONS: readonly Operation[] = [
  { name: 'create', method: 'POST', path: configMaps, body: bodyOf('created-%d'), inFlight: AT_ONCE, goal: '>= 0.3' },
  {
    name: 'update',
    method: 'PUT',
    path: `${configMaps}/kept`,
    body: bodyOf('kept').replace(TEXT, `${TEXT}%d`),
    inFlight: AT_ONCE,
    goal: '>= 0.3',
  },
  { name: 'get', method: 'GET', path: `${configMaps}/kept`, inFlight: AT_ONCE, goal: '>= 0.5' },
  {
    name: `list of ${PODS_LISTED} pods`,
    method: 'GET',
    path: `/api/v1/namespaces/${NAMESPACE}/pods`,
    inFlight: 4,
    goal: '>= 0.5',
  },
]

export async function measureApi(cluster: Cluster): Promise<void> {
  const { client } = cluster
  await cluster.kubectlOk(['create', 'namespace', NAMESPACE])
  await measureMemory(cluster)
  await client.create(CONFIG_MAPS, { metadata: { name: 'kept' }, data: { text: TEXT } }, { namespace: NAMESPACE })
  await inTurns(PODS_LISTED, (n) => client.create(PODS, listedPod(n), { namespace: NAMESPACE }))
  const token = /(\S+)\s*$/.exec((await cluster.skiff('token', 'create', '--admin')).stdout)?.[1] ?? ''
  const folder = mkdtempSync(join(tmpdir(), 'skiff-bench-'))
  try {
    const target = { server: cluster.server, token, folder }
    for (const operation of OPERATIONS) await measureOperation(cluster, operation, target)
  } finally {
    rmSync(folder, { recursive: true })
  }
  await measureFanOut(cluster, NAMESPACE)
  await cluster.kubectlOk(['delete', 'namespace', NAMESPACE, '--wait=false'])
}

interface Target {
  readonly server: string
  readonly token: string
  readonly folder: string
}

async function measureOperation(cluster: Cluster, operation: Operation, target: Target): Promise<void> {
  const master = masterOf(cluster)
  await using bare = await BareServer.start(await answerOf(cluster, operation))
  const skiff: Load[] = []
  const yardstick: Load[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    yardstick.push(await load(operation, { ...target, server: bare.url }, bare.process))
    skiff.push(await load(operation, target, master))
  }
  const rate = (loads: readonly Load[]) => median(loads.map(({ requestsPerSecond }) => requestsPerSecond))
  const cpu = (loads: readonly Load[]) => rounded(median(loads.map(({ cpuMs }) => cpuMs)))
  printFigure({
    name: `${operation.name}, ${operation.inFlight} in flight / a bare https server`,
    value: rate(skiff) / rate(yardstick),
    unit: 'x',
    goal: operation.goal,
    details: {
      perSecond: Math.round(rate(skiff)),
      barePerSecond: Math.round(rate(yardstick)),
      p50Ms: skiff.map(({ p50Ms }) => p50Ms),
      p99Ms: skiff.map(({ p99Ms }) => p99Ms),
      cpuMs: cpu(skiff),
      bareCpuMs: cpu(yardstick),
    },
  })
}

interface Load {
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Of the server, for one request. */
  readonly cpuMs: number
}

let nextNumber = 0

async function load({ method, path, body, inFlight }: Operation, target: Target, server: SkiffProcess): Promise<Load> {
  const script = join(target.folder, 'load.lua')
  nextNumber += 1_000_000
  writeFileSync(
    script,
    `local n = ${nextNumber}
wrk.method = "${method}"
wrk.headers["Authorization"] = "Bearer ${target.token}"
wrk.headers["Content-Type"] = "application/json"
function request()
  n = n + 1
  ${body === undefined ? '' : `wrk.body = string.format('${body}', n)`}
  return wrk.format(nil, "${path}")
end
`,
  )
  const before = processorSeconds(server)
  const args = ['-t1', `-c${inFlight}`, `-d${SECONDS}s`, '--latency', '-s', script, target.server]
  const { stdout } = await promisify(execFile)('wrk', args)
  const cpuSeconds = processorSeconds(server) - before
  if (stdout.includes('Non-2xx')) throw new Error(`${method} ${path}: ${stdout}`)
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1])
  return {
    requestsPerSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]),
    p50Ms: milliseconds(/^\s+50%\s+(\S+)/m.exec(stdout)?.[1]),
    p99Ms: milliseconds(/^\s+99%\s+(\S+)/m.exec(stdout)?.[1]),
    cpuMs: (cpuSeconds * 1000) / requests,
  }
}

function milliseconds(text = ''): number {
  const value = Number.parseFloat(text)
  if (text.endsWith('us')) return rounded(value / 1000)
  return text.endsWith('ms') ? value : value * 1000
}

/** What the server answers, for the bare one to send byte by byte. */
function answerOf({ client }: Cluster, { method, path, body }: Operation): Promise<KnownAnswer> {
  const sent = body?.replace('%d', '0')
  return client.request(method, path, sent === undefined ? {} : { body: sent, contentType: 'application/json' })
}

function listedPod(n: number) {
  return {
    metadata: { name: `listed-${n}`, labels: { app: 'listed', 'pod-template-hash': 'abcdef1234' } },
    // Nobody's: what is measured is not the scheduler.
    spec: {
      schedulerName: 'nobody',
      containers: [{ name: 'main', image: 'skiff-sample/hello:1', ports: [{ containerPort: 80 }] }],
    },
  }
}

async function inTurns(count: number, work: (n: number) => Promise<unknown>): Promise<void> {
  let next = 0
  const worker = async () => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}

/** Of a master that has done nothing else yet: it is what the objects take, not what load has left behind. */
async function measureMemory(cluster: Cluster): Promise<void> {
  await inTurns(OBJECTS_IN_MEMORY, (n) =>
    cluster.client.create(CONFIG_MAPS, { metadata: { name: `in-memory-${n}` }, data: { text: TEXT } }, { namespace: NAMESPACE }),
  )
  await sleep(SETTLE_MS)
  printFigure({
    name: `resident memory of the master with ${OBJECTS_IN_MEMORY} objects`,
    value: residentMegabytes(masterOf(cluster)),
    unit: 'MB',
    goal: '<= 300',
  })
}

function masterOf(cluster: Cluster): SkiffProcess {
  const master = skiffProcesses(cluster).find(({ component }) => component === 'master')
  if (!master) throw new Error('there is no master')
  return master
}

/** What an idle cluster costs: processor time, writes to the disk and to the API, with fifty pods on its host. */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Cluster, manifest } from '../../test/support/cluster.ts'
import { readyPods } from '../../test/support/workloads.ts'
import { printFigure } from './figure.ts'
import { processorSeconds, skiffProcesses } from './processes.ts'

const PODS = 50
/** Start-up's garbage collection and first reports are over. */
const SETTLE_MS = 20_000
const MEASURED_MS = 60_000
const WRITING_VERBS = new Set(['POST', 'PUT', 'PATCH', 'DELETE', 'APPLY', 'create', 'update', 'patch', 'delete', 'apply'])

export async function measureIdle(cluster: Cluster): Promise<void> {
  const quiet = manifest('hello.yaml')
    .replace('replicas: 2', `replicas: ${PODS}`)
    .replace(/ +readinessProbe:\n.*\n.*periodSeconds: 1\n/, '')
  await cluster.kubectlOk(['apply', '-f', '-'], quiet)
  await readyPods(cluster, 'hello', PODS)
  await sleep(SETTLE_MS)
  const before = await usage(cluster)
  await sleep(MEASURED_MS)
  const after = await usage(cluster)
  const minutes = MEASURED_MS / 60_000
  const share = (component: string) =>
    ((after.seconds[component] ?? 0) - (before.seconds[component] ?? 0)) / (MEASURED_MS / 100_000)
  printFigure({
    name: `processor time of master, agent and proxy, idle with ${PODS} pods`,
    value: share('master') + share('agent') + share('proxy'),
    unit: '%',
    goal: '<= 2',
    details: { master: share('master'), agent: share('agent'), proxy: share('proxy') },
  })
  printFigure({
    name: 'written to the disk in a minute, idle',
    value: (after.writtenBytes - before.writtenBytes) / 1e6 / minutes,
    unit: 'MB',
  })
  printFigure({ name: 'API writes in a minute, idle', value: (after.apiWrites - before.apiWrites) / minutes, unit: 'requests' })
  await cluster.kubectlOk(['delete', 'deploy/hello', 'svc/hello'])
}

interface Usage {
  /** Processor seconds since each component's start. */
  readonly seconds: Readonly<Record<string, number>>
  readonly writtenBytes: number
  readonly apiWrites: number
}

async function usage(cluster: Cluster): Promise<Usage> {
  const processes = skiffProcesses(cluster)
  const metrics = (await cluster.client.request('GET', '/metrics')).body.toString()
  const seconds: Record<string, number> = {}
  for (const one of processes) seconds[one.component] = (seconds[one.component] ?? 0) + processorSeconds(one)
  return {
    seconds,
    writtenBytes: processes.reduce((sum, { pid }) => sum + writtenBytes(pid), 0),
    apiWrites: countedWrites(metrics),
  }
}

function writtenBytes(pid: number): number {
  return Number(/^write_bytes: (\d+)/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1] ?? 0)
}

function countedWrites(metrics: string): number {
  return [...metrics.matchAll(/^apiserver_request_total\{([^}]*)\} (\d+)/gm)].reduce((sum, [, labels = '', count]) => {
    const verb = /verb="([^"]*)"/.exec(labels)?.[1] ?? ''
    return WRITING_VERBS.has(verb) ? sum + Number(count) : sum
  }, 0)
}

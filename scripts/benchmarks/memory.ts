/** Resident memory of an idle cluster's processes. */
import { readdirSync, readFileSync } from 'node:fs'
import type { Cluster } from '../../test/support/cluster.ts'
import { printFigure } from './figure.ts'

export function measureMemory(cluster: Cluster): void {
  const processes = skiffProcesses(cluster)
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

/** The Node processes that belong to this cluster, by what they run. */
function skiffProcesses(cluster: Cluster): { component: string; megabytes: number }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      const command = read(`/proc/${pid}/cmdline`).split('\0')
      const component = command[command.findIndex((word) => word.endsWith('main.js')) + 1] ?? ''
      if (!command.some((word) => word.endsWith('main.js')) || !command.some((word) => word.startsWith(cluster.folder))) return []
      const kilobytes = Number(/VmRSS:\s+(\d+)/.exec(read(`/proc/${pid}/status`))?.[1] ?? 0)
      return [{ component, megabytes: Math.round(kilobytes / 1024) }]
    })
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

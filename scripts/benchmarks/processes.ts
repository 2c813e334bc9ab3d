/** The Node processes that belong to a cluster of the test support. */
import { readdirSync, readFileSync } from 'node:fs'
import type { Cluster } from '../../test/support/cluster.ts'

export interface SkiffProcess {
  readonly pid: number
  /** `master`, `agent` or `proxy`. */
  readonly component: string
}

export function skiffProcesses(cluster: Cluster): readonly SkiffProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      const command = read(`/proc/${pid}/cmdline`).split('\0')
      const program = command.findIndex((word) => word.endsWith('main.js'))
      const isOurs = program !== -1 && command.some((word) => word.startsWith(cluster.folder))
      return isOurs ? [{ pid: Number(pid), component: command[program + 1] ?? '' }] : []
    })
}

export function residentMegabytes({ pid }: SkiffProcess): number {
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) / 1024)
}

/** Fields 14 and 15 of proc(5)'s stat, in ticks of 10 ms. */
export function processorSeconds({ pid }: SkiffProcess): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

/** Empty when the process has ended meanwhile. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

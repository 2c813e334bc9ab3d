import { text } from './cgroup.ts'
import { type CgroupUsage, NO_USAGE, TICK_NS } from './cgroup-usage.ts'
import { parseMemInfo } from './host-usage.ts'

export interface ProcessUsage extends CgroupUsage {
  readonly uptimeSeconds: number
}

/** A number alone may be another process's by now. */
export interface ProcessId {
  readonly pid: number
  /** Since the host's start. */
  readonly startTicks: number
}

const TICKS_PER_SECOND = 1e9 / TICK_NS

export function processIdOf(pid: number): ProcessId | undefined {
  const stat = parseProcessStat(text(`/proc/${pid}/stat`))
  return stat && { pid, startTicks: stat.startTicks }
}

/** Undefined: it has ended. */
export function readProcessUsage({ pid, startTicks }: ProcessId): ProcessUsage | undefined {
  const [stat, status] = [text(`/proc/${pid}/stat`), text(`/proc/${pid}/status`)]
  if (parseProcessStat(stat)?.startTicks !== startTicks) return undefined
  return processUsageOf({ stat, status, uptime: text('/proc/uptime') })
}

export interface ProcessFiles {
  readonly stat: string
  readonly status: string
  /** The host's. */
  readonly uptime: string
}

export function processUsageOf({ stat, status, uptime }: ProcessFiles): ProcessUsage | undefined {
  const found = parseProcessStat(stat)
  if (found === undefined) return undefined
  const { userTicks, systemTicks, threads, startTicks } = found
  const sizes = parseMemInfo(status)
  const [userNs, systemNs, rssBytes] = [userTicks * TICK_NS, systemTicks * TICK_NS, sizes.get('VmRSS') ?? 0]
  const { cpu, memory } = usageOf({ ...found, userNs, systemNs, rssBytes })
  return {
    cpu,
    memory: { ...memory, swapBytes: sizes.get('VmSwap') ?? 0 },
    processes: threads,
    uptimeSeconds: Math.max(0, Number.parseFloat(uptime) - startTicks / TICKS_PER_SECOND),
  }
}

export interface ProcessFigures {
  readonly userNs: number
  readonly systemNs: number
  readonly rssBytes: number
  readonly minorFaults: number
  readonly majorFaults: number
}

/** A process has less to say than a control group: what it holds is what it works with. */
export function usageOf({ userNs, systemNs, rssBytes, minorFaults, majorFaults }: ProcessFigures): CgroupUsage {
  const held = { usageBytes: rssBytes, workingSetBytes: rssBytes, rssBytes }
  const faults = { pageFaults: minorFaults + majorFaults, majorPageFaults: majorFaults }
  return {
    ...NO_USAGE,
    cpu: { ...NO_USAGE.cpu, totalNs: userNs + systemNs, userNs, systemNs },
    memory: { ...NO_USAGE.memory, ...held, ...faults },
  }
}

interface ProcessStat {
  readonly minorFaults: number
  readonly majorFaults: number
  readonly userTicks: number
  readonly systemTicks: number
  readonly threads: number
  readonly startTicks: number
}

/** `/proc/<pid>/stat`, whose second field, the name, may hold anything (proc(5), which counts the fields from 1). */
function parseProcessStat(content: string): ProcessStat | undefined {
  const end = content.lastIndexOf(') ')
  if (end < 0) return undefined
  const fields = ['', '', '', ...content.slice(end + 2).split(' ')].map(Number)
  const of = (field: number) => fields[field] ?? 0
  return {
    minorFaults: of(10),
    majorFaults: of(12),
    userTicks: of(14),
    systemTicks: of(15),
    threads: of(20),
    startTicks: of(22),
  }
}

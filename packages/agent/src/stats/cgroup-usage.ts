/** What a control group has used, from its files (Linux: Documentation/admin-guide/cgroup-v2.rst). */

import { join } from 'node:path'
import { type Cgroup, type CgroupDirectory, text } from './cgroup.ts'

export interface CgroupUsage {
  readonly cpu: CpuUsage
  readonly memory: MemoryUsage
  /** Processes and threads. */
  readonly processes: number
}

/** Nanoseconds since the group was made. */
export interface CpuUsage {
  readonly totalNs: number
  readonly userNs: number
  readonly systemNs: number
  readonly periods: number
  readonly throttledPeriods: number
  readonly throttledNs: number
}

export interface MemoryUsage {
  readonly usageBytes: number
  /** What can't be given back at once: usage without the file pages that weren't used lately. */
  readonly workingSetBytes: number
  readonly rssBytes: number
  readonly cacheBytes: number
  readonly mappedBytes: number
  readonly swapBytes: number
  readonly pageFaults: number
  readonly majorPageFaults: number
  readonly oomKills: number
}

const NO_MEMORY: MemoryUsage = {
  usageBytes: 0,
  workingSetBytes: 0,
  rssBytes: 0,
  cacheBytes: 0,
  mappedBytes: 0,
  swapBytes: 0,
  pageFaults: 0,
  majorPageFaults: 0,
  oomKills: 0,
}

export const NO_USAGE: CgroupUsage = {
  cpu: { totalNs: 0, userNs: 0, systemNs: 0, periods: 0, throttledPeriods: 0, throttledNs: 0 },
  memory: NO_MEMORY,
  processes: 0,
}

/** The unit of `cpuacct.stat` and `/proc/stat`: USER_HZ is 100 on every Linux that Node runs on. */
export const TICK_NS = 10_000_000

export function readCgroupUsage(cgroup: Cgroup): CgroupUsage {
  return {
    cpu: readCpu(cgroup),
    memory: cgroup.memory.version === 1 ? memoryV1(cgroup.memory) : memoryV2(cgroup.memory),
    processes: readNumber(cgroup.pids, 'pids.current'),
  }
}

/** The one figure that rates are made of. Undefined: the group is gone. */
export function readCpuNs({ cpu }: Cgroup): number | undefined {
  const content = text(join(cpu.path, cpu.version === 1 ? 'cpuacct.usage' : 'cpu.stat'))
  if (content === '') return undefined
  return cpu.version === 1 ? Number(content) : (parseFlat(content).get('usage_usec') ?? 0) * 1000
}

function readCpu(cgroup: Cgroup): CpuUsage {
  const limits = readFlat(cgroup.cpuLimits, 'cpu.stat')
  const counted = {
    periods: limits.get('nr_periods') ?? 0,
    throttledPeriods: limits.get('nr_throttled') ?? 0,
    throttledNs: limits.get('throttled_time') ?? (limits.get('throttled_usec') ?? 0) * 1000,
  }
  if (cgroup.cpu.version === 2) {
    const [totalNs = 0, userNs = 0, systemNs = 0] = ['usage_usec', 'user_usec', 'system_usec'].map(
      (key) => (limits.get(key) ?? 0) * 1000,
    )
    return { totalNs, userNs, systemNs, ...counted }
  }
  const split = readFlat(cgroup.cpu, 'cpuacct.stat')
  return {
    totalNs: readNumber(cgroup.cpu, 'cpuacct.usage'),
    userNs: (split.get('user') ?? 0) * TICK_NS,
    systemNs: (split.get('system') ?? 0) * TICK_NS,
    ...counted,
  }
}

function memoryV1(group: CgroupDirectory): MemoryUsage {
  const stat = readFlat(group, 'memory.stat')
  const of = (key: string) => stat.get(`total_${key}`) ?? 0
  return memoryUsage(readNumber(group, 'memory.usage_in_bytes'), {
    inactiveFile: of('inactive_file'),
    rssBytes: of('rss'),
    cacheBytes: of('cache'),
    mappedBytes: of('mapped_file'),
    swapBytes: of('swap'),
    pageFaults: of('pgfault'),
    majorPageFaults: of('pgmajfault'),
    oomKills: readFlat(group, 'memory.oom_control').get('oom_kill') ?? 0,
  })
}

function memoryV2(group: CgroupDirectory): MemoryUsage {
  const stat = readFlat(group, 'memory.stat')
  const of = (key: string) => stat.get(key) ?? 0
  return memoryUsage(readNumber(group, 'memory.current'), {
    inactiveFile: of('inactive_file'),
    rssBytes: of('anon'),
    cacheBytes: of('file'),
    mappedBytes: of('file_mapped'),
    swapBytes: readNumber(group, 'memory.swap.current'),
    pageFaults: of('pgfault'),
    majorPageFaults: of('pgmajfault'),
    oomKills: readFlat(group, 'memory.events').get('oom_kill') ?? 0,
  })
}

type MemoryParts = Omit<MemoryUsage, 'usageBytes' | 'workingSetBytes'> & { readonly inactiveFile: number }

function memoryUsage(usageBytes: number, { inactiveFile, ...rest }: MemoryParts): MemoryUsage {
  return { usageBytes, workingSetBytes: Math.max(0, usageBytes - inactiveFile), ...rest }
}

/** Empty: the kernel has no such file. */
export function readFlat(group: CgroupDirectory, file: string): ReadonlyMap<string, number> {
  return parseFlat(text(join(group.path, file)))
}

/** Lines of `key value`. */
export function parseFlat(content: string): ReadonlyMap<string, number> {
  const entries = content.split('\n').flatMap((line): [string, number][] => {
    const space = line.indexOf(' ')
    return space < 0 ? [] : [[line.slice(0, space), Number(line.slice(space + 1))]]
  })
  return new Map(entries)
}

/** 0: the kernel has no such file, or it says `max`. */
export function readNumber(group: CgroupDirectory, file: string): number {
  return Number(text(join(group.path, file))) || 0
}

/** What several groups have used together. */
export function sumUsage(usages: readonly CgroupUsage[]): CgroupUsage {
  return usages.reduce(
    (sum, { cpu, memory, processes }) => ({
      cpu: addAll(sum.cpu, cpu),
      memory: addAll(sum.memory, memory),
      processes: sum.processes + processes,
    }),
    NO_USAGE,
  )
}

function addAll<T extends { readonly [K in keyof T]: number }>(a: T, b: T): T {
  const keys = Object.keys(a) as (keyof T)[]
  return Object.fromEntries(keys.map((key) => [key, a[key] + b[key]])) as T
}

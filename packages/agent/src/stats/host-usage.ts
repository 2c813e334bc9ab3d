/** What the whole host uses, as its kernel says. */

import { statfs } from 'node:fs/promises'
import { onHost } from '../runtime/docker/engine-paths.ts'
import { text } from './cgroup.ts'
import { type CgroupUsage, NO_USAGE, parseFlat, TICK_NS } from './cgroup-usage.ts'

export interface HostUsage extends CgroupUsage {
  readonly capacityBytes: number
  /** Capacity without the working set: what the kubelet's `memory.available` is. */
  readonly availableBytes: number
  /** `processes` can't become more. */
  readonly mostProcesses: number
  readonly uptimeSeconds: number
}

/** A file system's room, and what somebody takes of it. */
export interface FsUsage {
  readonly capacityBytes: number
  readonly availableBytes: number
  readonly usedBytes: number
  readonly inodes: number
  readonly inodesFree: number
  readonly inodesUsed: number
}

export function readHostUsage(): HostUsage {
  return hostUsageOf({
    stat: text('/proc/stat'),
    memInfo: text('/proc/meminfo'),
    vmStat: text('/proc/vmstat'),
    loadAverage: text('/proc/loadavg'),
    pidMax: text('/proc/sys/kernel/pid_max'),
    uptime: text('/proc/uptime'),
  })
}

export interface HostFiles {
  readonly stat: string
  readonly memInfo: string
  readonly vmStat: string
  readonly loadAverage: string
  readonly pidMax: string
  readonly uptime: string
}

const DEFAULT_PID_MAX = 32_768

export function hostUsageOf({ stat, memInfo, vmStat, loadAverage, pidMax, uptime }: HostFiles): HostUsage {
  const memory = parseMemInfo(memInfo)
  const of = (key: string) => memory.get(key) ?? 0
  const faults = parseFlat(vmStat)
  const usageBytes = of('MemTotal') - of('MemFree')
  const workingSetBytes = Math.max(0, usageBytes - of('Inactive(file)'))
  return {
    cpu: { ...NO_USAGE.cpu, ...parseCpuLine(stat) },
    memory: {
      usageBytes,
      workingSetBytes,
      rssBytes: of('AnonPages'),
      cacheBytes: of('Cached'),
      mappedBytes: of('Mapped'),
      swapBytes: of('SwapTotal') - of('SwapFree'),
      pageFaults: faults.get('pgfault') ?? 0,
      majorPageFaults: faults.get('pgmajfault') ?? 0,
      oomKills: faults.get('oom_kill') ?? 0,
    },
    processes: Number(/\/(\d+) /.exec(loadAverage)?.[1] ?? 0),
    capacityBytes: of('MemTotal'),
    availableBytes: of('MemTotal') - workingSetBytes,
    mostProcesses: Number(pidMax) || DEFAULT_PID_MAX,
    uptimeSeconds: Number.parseFloat(uptime) || 0,
  }
}

/** The room on the file system that a path of this host lies on. */
export async function readFsUsage(path: string): Promise<FsUsage | undefined> {
  const found = await statfs(path)
    .catch(() => statfs(onHost(path)))
    .catch(() => undefined)
  if (found === undefined) return undefined
  const { blocks, bfree, bavail, bsize, files, ffree } = found
  return {
    capacityBytes: blocks * bsize,
    availableBytes: bavail * bsize,
    usedBytes: (blocks - bfree) * bsize,
    inodes: files,
    inodesFree: ffree,
    inodesUsed: files - ffree,
  }
}

/** The sum of all processors' time: user, nice, system, irq and softirq count as used; idle, iowait and steal don't. */
function parseCpuLine(stat: string): { readonly totalNs: number; readonly userNs: number; readonly systemNs: number } {
  const ticks = (/^cpu +(.*)$/m.exec(stat)?.[1] ?? '').split(' ').map(Number)
  const [user = 0, nice = 0, system = 0, , , irq = 0, softIrq = 0] = ticks
  const userNs = (user + nice) * TICK_NS
  const systemNs = (system + irq + softIrq) * TICK_NS
  return { totalNs: userNs + systemNs, userNs, systemNs }
}

/** `/proc/meminfo` in bytes. */
export function parseMemInfo(content: string): ReadonlyMap<string, number> {
  return new Map([...content.matchAll(/^(\S+):\s+(\d+)(?: kB)?$/gm)].map(([, key = '', kib]) => [key, Number(kib) * 1024]))
}

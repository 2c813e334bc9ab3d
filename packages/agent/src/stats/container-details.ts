/** What only `/metrics/cadvisor` tells of a container: it takes more files than anything else that is asked often. */

import { type Cgroup, type CgroupDirectory, text } from './cgroup.ts'
import { readFlat, readNumber } from './cgroup-usage.ts'
import { type DeviceIo, readDeviceIo } from './device-io.ts'
import { type OpenFiles, readOpenFiles } from './open-files.ts'

export interface ContainerDetails {
  readonly memory: MemoryDetails
  readonly processes: number
  /** 0: no limit. */
  readonly mostThreads: number
  readonly files: OpenFiles
  /** The soft limit of its first process; -1: none. Absent: it has ended. */
  readonly mostFiles?: number
  readonly devices: readonly DeviceIo[]
}

/** Limits are as the kernel keeps them, in whole pages; 0: none. */
export interface MemoryDetails {
  readonly limitBytes: number
  /** With the memory that is swapped out under v1, without it under v2. */
  readonly swapLimitBytes: number
  readonly reservedBytes: number
  readonly mostUsedBytes: number
  /** How often the limit was hit. */
  readonly limitHits: number
}

/** @param pid the container's first process */
export function readContainerDetails(cgroup: Cgroup, pid: number, procPath = '/proc'): ContainerDetails {
  const pids = (text(`${cgroup.pids.path}/cgroup.procs`).match(/\d+/g) ?? []).map(Number)
  const mostFiles = parseMostFiles(text(`${procPath}/${pid}/limits`))
  return {
    memory: cgroup.memory.version === 1 ? memoryV1(cgroup.memory) : memoryV2(cgroup.memory),
    processes: pids.length,
    mostThreads: readNumber(cgroup.pids, 'pids.max'),
    files: readOpenFiles(pids, procPath),
    ...(mostFiles === undefined ? {} : { mostFiles }),
    devices: cgroup.io === undefined ? [] : readDeviceIo(cgroup.io),
  }
}

function memoryV1(group: CgroupDirectory): MemoryDetails {
  return {
    limitBytes: readLimit(group, 'memory.limit_in_bytes'),
    swapLimitBytes: readLimit(group, 'memory.memsw.limit_in_bytes'),
    reservedBytes: readLimit(group, 'memory.soft_limit_in_bytes'),
    mostUsedBytes: readNumber(group, 'memory.max_usage_in_bytes'),
    limitHits: readNumber(group, 'memory.failcnt'),
  }
}

function memoryV2(group: CgroupDirectory): MemoryDetails {
  return {
    limitBytes: readLimit(group, 'memory.max'),
    swapLimitBytes: readLimit(group, 'memory.swap.max'),
    reservedBytes: readLimit(group, 'memory.min'),
    mostUsedBytes: readNumber(group, 'memory.peak'),
    limitHits: readFlat(group, 'memory.events').get('max') ?? 0,
  }
}

/** Where nothing limits it, v1 says the most that it can count, and cadvisor takes what is above this for it. */
const MOST_LIMIT_BYTES = 2 ** 62

function readLimit(group: CgroupDirectory, file: string): number {
  const bytes = readNumber(group, file)
  return bytes > MOST_LIMIT_BYTES ? 0 : bytes
}

/** Of `/proc/<pid>/limits`. */
function parseMostFiles(content: string): number | undefined {
  const soft = /^Max open files +(\d+|unlimited) /m.exec(content)?.[1]
  if (soft === undefined) return undefined
  return soft === 'unlimited' ? -1 : Number(soft)
}

/** A control group's limits as its files have them (Linux: Documentation/admin-guide/cgroup-v1, cgroup-v2.rst). Pure. */

import { CPU_PERIOD_US } from '../runtime/cpu-units.ts'
import type { PodLimits } from './pod-limits.ts'

export type CgroupVersion = 1 | 2

export interface CgroupWrite {
  /** v1: whose hierarchy the file is in. v2 has one hierarchy, whose name is ''. */
  readonly controller: string
  readonly file: string
  readonly value: string
  /** A kernel that doesn't count swap hasn't got the file. */
  readonly isOptional?: boolean
}

/** The hierarchies in which a pod is limited. */
export const LIMITING: Readonly<Record<CgroupVersion, readonly string[]>> = { 1: ['cpu', 'memory'], 2: [''] }

/** In the order in which the kernel takes them. @param heldBytes the memory limit that holds so far; 0: none */
export function writesOf(limits: PodLimits, version: CgroupVersion, heldBytes: number): readonly CgroupWrite[] {
  return version === 1 ? writesOfV1(limits, heldBytes) : writesOfV2(limits)
}

function writesOfV1({ cpuShares, cpuQuotaUs, memoryBytes }: PodLimits, heldBytes: number): readonly CgroupWrite[] {
  const bytes = String(memoryBytes || UNLIMITED)
  const memory: CgroupWrite = { controller: 'memory', file: 'memory.limit_in_bytes', value: bytes }
  // Equal: no swap, as containers have it.
  const withSwap: CgroupWrite = { controller: 'memory', file: 'memory.memsw.limit_in_bytes', value: bytes, isOptional: true }
  // Memory alone may never be allowed more than memory with swap.
  const grows = heldBytes !== 0 && (memoryBytes === 0 || memoryBytes > heldBytes)
  return [
    { controller: 'cpu', file: 'cpu.shares', value: String(cpuShares) },
    { controller: 'cpu', file: 'cpu.cfs_period_us', value: String(CPU_PERIOD_US) },
    { controller: 'cpu', file: 'cpu.cfs_quota_us', value: String(cpuQuotaUs || UNLIMITED) },
    ...(grows ? [withSwap, memory] : [memory, withSwap]),
  ]
}

const UNLIMITED = -1

function writesOfV2({ cpuShares, cpuQuotaUs, memoryBytes }: PodLimits): readonly CgroupWrite[] {
  const controller = ''
  return [
    { controller, file: 'cpu.weight', value: String(weightOf(cpuShares)) },
    { controller, file: 'cpu.max', value: `${cpuQuotaUs || 'max'} ${CPU_PERIOD_US}` },
    { controller, file: 'memory.max', value: String(memoryBytes || 'max') },
    { controller, file: 'memory.swap.max', value: memoryBytes === 0 ? 'max' : '0', isOptional: true },
  ]
}

/** v2's 1 to 10000 for v1's 2 to 262144, as runc gives it to containers. */
export function weightOf(cpuShares: number): number {
  return Math.trunc(1 + ((cpuShares - 2) * 9_999) / 262_142)
}

/** A file's text; '' when it isn't there. */
export type ReadFile = (controller: string, file: string) => string

export interface Wanted extends PodLimits {
  /** What its driver makes of the wanted quota. */
  readonly keptQuotaUs: number
}

/** What a group holds; where that comes to the same, in the numbers of `wanted`. */
export function heldLimits(read: ReadFile, version: CgroupVersion, wanted: Wanted): PodLimits {
  const { cpuShares, cpuQuotaUs, memoryBytes } = version === 1 ? heldV1(read) : heldV2(read, wanted)
  // Kept in whole pages.
  const isSameMemory = memoryBytes !== 0 && wanted.memoryBytes >= memoryBytes && wanted.memoryBytes - memoryBytes < LARGEST_PAGE
  return {
    cpuShares,
    cpuQuotaUs: cpuQuotaUs === wanted.keptQuotaUs ? wanted.cpuQuotaUs : cpuQuotaUs,
    memoryBytes: isSameMemory ? wanted.memoryBytes : memoryBytes,
  }
}

const LARGEST_PAGE = 65_536
/** v1 shows what nobody limited as nearly 2^63. */
const NO_LIMIT_BYTES = 2 ** 62

function heldV1(read: ReadFile): PodLimits {
  const bytes = Number(read('memory', 'memory.limit_in_bytes'))
  return {
    cpuShares: Number(read('cpu', 'cpu.shares')),
    cpuQuotaUs: inOurPeriod(Number(read('cpu', 'cpu.cfs_quota_us')), Number(read('cpu', 'cpu.cfs_period_us'))),
    memoryBytes: bytes >= NO_LIMIT_BYTES ? 0 : bytes,
  }
}

function heldV2(read: ReadFile, wanted: PodLimits): PodLimits {
  const weight = Number(read('', 'cpu.weight'))
  const [quota = 'max', period = ''] = read('', 'cpu.max').trim().split(' ')
  const bytes = read('', 'memory.max').trim()
  return {
    cpuShares: weight === weightOf(wanted.cpuShares) ? wanted.cpuShares : sharesOfWeight(weight),
    cpuQuotaUs: quota === 'max' ? 0 : inOurPeriod(Number(quota), Number(period)),
    memoryBytes: bytes === 'max' ? 0 : Number(bytes),
  }
}

function sharesOfWeight(weight: number): number {
  return Math.ceil(2 + ((weight - 1) * 262_142) / 9_999)
}

/** systemd chooses its own period for very small quotas. */
function inOurPeriod(quotaUs: number, periodUs: number): number {
  return quotaUs <= 0 || periodUs <= 0 ? 0 : Math.round((quotaUs * CPU_PERIOD_US) / periodUs)
}

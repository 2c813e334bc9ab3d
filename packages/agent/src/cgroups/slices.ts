/** Control groups under systemd: their names, and their limits as its properties (systemd.slice, systemd.resource-control). Pure. */

import { CPU_PERIOD_US } from '../runtime/cpu-units.ts'
import { type CgroupVersion, weightOf } from './cgroup-files.ts'
import type { PodLimits } from './pod-limits.ts'

const SUFFIX = '.slice'
const ROOT_SLICE = '-.slice'

/** A slice's dashes lead from its parent to it, so a name may have none of its own: an underscore stands for each. */
export function childSlice(parent: string, name: string): string {
  const own = name.replaceAll('-', '_') + SUFFIX
  return parent === ROOT_SLICE ? own : `${parent.slice(0, -SUFFIX.length)}-${own}`
}

/** Where its group is, below the root of the hierarchy: `a.slice/a-b.slice` for `a-b.slice`. */
export function slicePath(slice: string): string {
  if (slice === ROOT_SLICE) return '/'
  const parts = slice.slice(0, -SUFFIX.length).split('-')
  return `/${parts.map((_, index) => parts.slice(0, index + 1).join('-') + SUFFIX).join('/')}`
}

/** What `systemctl set-property` is to set. */
export function sliceProperties({ cpuShares, cpuQuotaUs, memoryBytes }: PodLimits, version: CgroupVersion): readonly string[] {
  const memory = memoryBytes === 0 ? 'infinity' : String(memoryBytes)
  // Empty: none.
  const quota = cpuQuotaUs === 0 ? '' : `${percentOf(cpuQuotaUs)}%`
  if (version === 1) return [`CPUShares=${cpuShares}`, `CPUQuota=${quota}`, `MemoryLimit=${memory}`]
  const swap = memoryBytes === 0 ? 'infinity' : '0'
  return [`CPUWeight=${weightOf(cpuShares)}`, `CPUQuota=${quota}`, `MemoryMax=${memory}`, `MemorySwapMax=${swap}`]
}

/** systemd keeps whole percents of a processor: the next one, so that containers get all that they are promised. */
export function sliceQuotaUs(cpuQuotaUs: number): number {
  return (percentOf(cpuQuotaUs) * CPU_PERIOD_US) / 100
}

function percentOf(cpuQuotaUs: number): number {
  return Math.ceil((cpuQuotaUs * 100) / CPU_PERIOD_US)
}

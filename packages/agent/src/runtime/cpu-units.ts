/** Thousandths of a processor in the kernel's units, as the kubelet converts them. */

export const CPU_PERIOD_US = 100_000
export const LEAST_CPU_SHARES = 2
const SHARES_PER_CPU = 1024
/** The kernel refuses less. */
export const LEAST_CPU_QUOTA_US = 1_000

export function sharesOf(cpuMilli: number): number {
  return Math.max(LEAST_CPU_SHARES, Math.trunc((cpuMilli * SHARES_PER_CPU) / 1000))
}

/** Microseconds in each period. */
export function quotaOf(cpuMilli: number): number {
  return Math.max(LEAST_CPU_QUOTA_US, Math.trunc((cpuMilli * CPU_PERIOD_US) / 1000))
}

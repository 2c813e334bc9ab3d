import { type Container, type Pod, podQosClass, quantityToBytes, quantityToMilli } from '@skiff/api'
import type { ContainerResources } from '../runtime/runtime.ts'

const CPU_PERIOD_US = 100_000
const LEAST_CPU_SHARES = 2
const LEAST_CPU_QUOTA_US = 1_000
/** Enough for any ordinary program, and a fork bomb ends there. */
const PIDS_LIMIT = 4096

/** Requests to shares, limits to quota and memory, as the kubelet converts them. */
export function containerResources(pod: Pod, container: Container, nodeMemoryBytes: number): ContainerResources {
  const { requests = {}, limits = {} } = container.resources ?? {}
  const cpuRequest = requests.cpu ?? limits.cpu
  const memoryRequest = requests.memory ?? limits.memory
  return {
    cpuShares: cpuRequest === undefined ? LEAST_CPU_SHARES : sharesOf(cpuRequest),
    ...(limits.cpu === undefined ? {} : { cpuQuotaUs: quotaOf(limits.cpu), cpuPeriodUs: CPU_PERIOD_US }),
    ...(limits.memory === undefined ? {} : { memoryBytes: Number(quantityToBytes(limits.memory)) }),
    pidsLimit: PIDS_LIMIT,
    oomScoreAdj: oomScoreAdj(pod, memoryRequest === undefined ? 0 : Number(quantityToBytes(memoryRequest)), nodeMemoryBytes),
  }
}

function sharesOf(cpu: string | number): number {
  return Math.max(LEAST_CPU_SHARES, Math.trunc((Number(quantityToMilli(cpu)) * 1024) / 1000))
}

function quotaOf(cpu: string | number): number {
  return Math.max(LEAST_CPU_QUOTA_US, Math.trunc((Number(quantityToMilli(cpu)) * CPU_PERIOD_US) / 1000))
}

/** Who is killed first when the node has no memory left: BestEffort, then who uses more than it asked for. */
function oomScoreAdj(pod: Pod, memoryRequestBytes: number, nodeMemoryBytes: number): number {
  switch (podQosClass(pod.spec)) {
    case 'Guaranteed':
      return -997
    case 'BestEffort':
      return 1000
    case 'Burstable':
      return Math.min(999, Math.max(3, Math.trunc(1000 - (1000 * memoryRequestBytes) / nodeMemoryBytes)))
  }
}

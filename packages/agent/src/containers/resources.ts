import { type Container, type Pod, podQosClass, quantityToBytes, quantityToMilli } from '@skiff/api'
import { type ContainerLimits, type ContainerResources, LEAST_MEMORY_BYTES } from '../runtime/runtime.ts'

const CPU_PERIOD_US = 100_000
const LEAST_CPU_SHARES = 2
const LEAST_CPU_QUOTA_US = 1_000
/** Enough for any ordinary program, and a fork bomb ends there. */
const PIDS_LIMIT = 4096

/** Requests to shares, limits to quota and memory, as the kubelet converts them. */
export function containerResources(pod: Pod, container: Container, nodeMemoryBytes: number): ContainerResources {
  const { requests = {}, limits = {} } = container.resources ?? {}
  const memoryRequest = requests.memory ?? limits.memory
  const { cpuShares, cpuQuotaUs, memoryBytes } = containerLimits(container)
  return {
    cpuShares,
    ...(cpuQuotaUs === 0 ? {} : { cpuQuotaUs, cpuPeriodUs: CPU_PERIOD_US }),
    ...(memoryBytes === 0 ? {} : { memoryBytes }),
    pidsLimit: PIDS_LIMIT,
    oomScoreAdj: oomScoreAdj(pod, memoryRequest === undefined ? 0 : Number(quantityToBytes(memoryRequest)), nodeMemoryBytes),
  }
}

/** What the engine is to show of the container; 0: no limit. */
export function containerLimits({ resources = {} }: Container): ContainerLimits {
  const { requests = {}, limits = {} } = resources
  const cpuRequest = requests.cpu ?? limits.cpu
  const memory = limits.memory === undefined ? 0 : Number(quantityToBytes(limits.memory))
  return {
    cpuShares: cpuRequest === undefined ? LEAST_CPU_SHARES : sharesOf(cpuRequest),
    cpuQuotaUs: limits.cpu === undefined || Number(quantityToMilli(limits.cpu)) === 0 ? 0 : quotaOf(limits.cpu),
    memoryBytes: memory === 0 ? 0 : Math.max(memory, LEAST_MEMORY_BYTES),
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

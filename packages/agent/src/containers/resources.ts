import {
  type Container,
  hasPodResources,
  isSidecar,
  type Pod,
  podQosClass,
  quantityToBytes,
  quantityToMilli,
  sumOfContainers,
} from '@skiff/api'
import { CPU_PERIOD_US, quotaOf, sharesOf } from '../runtime/cpu-units.ts'
import { type ContainerLimits, type ContainerResources, LEAST_MEMORY_BYTES } from '../runtime/runtime.ts'

/** Enough for any ordinary program, and a fork bomb ends there. */
const PIDS_LIMIT = 4096

/** Requests to shares, limits to quota and memory, as the kubelet converts them. */
export function containerResources(pod: Pod, container: Container, nodeMemoryBytes: number): ContainerResources {
  const { cpuShares, cpuQuotaUs, memoryBytes } = containerLimits(container, pod)
  return {
    cpuShares,
    ...(cpuQuotaUs === 0 ? {} : { cpuQuotaUs, cpuPeriodUs: CPU_PERIOD_US }),
    ...(memoryBytes === 0 ? {} : { memoryBytes }),
    pidsLimit: PIDS_LIMIT,
    oomScoreAdj: oomScoreAdj(pod, container, nodeMemoryBytes),
  }
}

/** What the engine is to show of the container. Where it has no limit itself it has its pod's, so that programs find one. */
export function containerLimits({ resources = {} }: Container, { spec }: Pick<Pod, 'spec'>): ContainerLimits {
  const { requests = {}, limits = {} } = resources
  const ofPod = spec.resources?.limits ?? {}
  const cpuMilli = milliOf(limits.cpu) || milliOf(ofPod.cpu)
  const bytes = memoryLimit({ resources }, { spec })
  return {
    cpuShares: sharesOf(requests.cpu === undefined ? cpuMilli : milliOf(requests.cpu)),
    cpuQuotaUs: cpuMilli === 0 ? 0 : quotaOf(cpuMilli),
    memoryBytes: bytes === 0 ? 0 : Math.max(bytes, LEAST_MEMORY_BYTES),
  }
}

/** In bytes, as it is asked for: the engine takes no less than `LEAST_MEMORY_BYTES`. 0: no limit. */
export function memoryLimit({ resources }: Pick<Container, 'resources'>, { spec }: Pick<Pod, 'spec'>): number {
  return bytesOf(resources?.limits?.memory) || bytesOf(spec.resources?.limits?.memory)
}

type Amount = string | number | undefined

function milliOf(cpu: Amount): number {
  return Number(quantityToMilli(cpu ?? 0))
}

function bytesOf(memory: Amount): number {
  return Number(quantityToBytes(memory ?? 0))
}

const GUARANTEED = -997
const BEST_EFFORT = 1000

/** Who is killed first when the node, or the pod, has no memory left: BestEffort, then who uses more than it asked for. */
function oomScoreAdj(pod: Pod, container: Container, nodeMemoryBytes: number): number {
  if (pod.spec.priorityClassName === 'system-node-critical') return GUARANTEED
  switch (podQosClass(pod.spec)) {
    case 'Guaranteed':
      return GUARANTEED
    case 'BestEffort':
      return BEST_EFFORT
    case 'Burstable': {
      const share = (1000 * askedMemory(pod, container)) / nodeMemoryBytes
      return Math.min(BEST_EFFORT - 1, Math.max(BEST_EFFORT + GUARANTEED, BEST_EFFORT - Math.floor(share)))
    }
  }
}

/** With its part of what its pod asks for beyond its containers (KEP-2837). Sidecars go no sooner than those that they serve. */
function askedMemory({ spec }: Pod, container: Container): number {
  const own = ({ resources = {} }: Container) => bytesOf(resources.requests?.memory ?? resources.limits?.memory)
  const isServing = isSidecar(container) && spec.initContainers?.some(({ name }) => name === container.name)
  const asked = isServing ? Math.max(own(container), Math.min(...spec.containers.map(own))) : own(container)
  return asked + unclaimedMemory(spec)
}

/** Of the pod's request, for each container. */
function unclaimedMemory(spec: Pod['spec']): number {
  const ofPod = hasPodResources(spec) ? bytesOf(spec.resources?.requests?.memory) : 0
  if (ofPod === 0) return 0
  const count = spec.containers.length + (spec.initContainers ?? []).length
  return Math.trunc((ofPod - sumOfContainers(spec, 'requests').memoryBytes) / count)
}

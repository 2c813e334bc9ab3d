/** What the control group of a pod with resources of its own is to hold (KEP-2837), as the kubelet computes it. Pure. */

import { type Container, hasPodResources, type PodSpec, podLimits, podQosClass, podRequests, quantityToNumber } from '@skiff/api'
import { LEAST_CPU_SHARES, quotaOf, sharesOf } from '../runtime/cpu-units.ts'
import { type ContainerLimits, LEAST_MEMORY_BYTES } from '../runtime/runtime.ts'

/** Of all of a pod's containers together; 0: no limit. */
export type PodLimits = ContainerLimits

/** undefined: the pod has no resources of its own, so its containers are where the engine puts them. */
export function podLimitsOf(spec: PodSpec): PodLimits | undefined {
  if (!hasPodResources(spec)) return undefined
  const { cpuMilli, memoryBytes } = podLimits(spec)
  return {
    cpuShares: podQosClass(spec) === 'BestEffort' ? LEAST_CPU_SHARES : sharesOf(podRequests(spec).cpuMilli),
    cpuQuotaUs: isLimited(spec, 'cpu') ? quotaOf(cpuMilli) : 0,
    memoryBytes: isLimited(spec, 'memory') ? Math.max(memoryBytes, LEAST_MEMORY_BYTES) : 0,
  }
}

/** By the pod itself, or by every container: a sum in which one is missing limits nothing. */
function isLimited({ resources, containers, initContainers = [] }: PodSpec, name: 'cpu' | 'memory'): boolean {
  const has = (own: Container['resources']) => quantityToNumber(own?.limits?.[name] ?? 0) > 0
  return has(resources) || [...containers, ...initContainers].every((container) => has(container.resources))
}

/** Room for containers that are to get more and for those that have not given up theirs yet: the kernel lets none exceed its pod. */
export function looserOf(a: PodLimits, b: PodLimits): PodLimits {
  const looser = (one: number, other: number) => (one === 0 || other === 0 ? 0 : Math.max(one, other))
  return {
    cpuShares: Math.max(a.cpuShares, b.cpuShares),
    cpuQuotaUs: looser(a.cpuQuotaUs, b.cpuQuotaUs),
    memoryBytes: looser(a.memoryBytes, b.memoryBytes),
  }
}

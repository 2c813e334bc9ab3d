/** What the control group of a pod with resources of its own is to hold (KEP-2837), as the kubelet computes it. Pure. */

import { type Container, hasPodResources, type PodSpec, podLimits, podQosClass, podRequests, quantityToNumber } from '@skiff/api'
import { LEAST_CPU_SHARES, quotaOf, sharesOf } from '../containers/cpu-units.ts'
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
  const has = (holder: Pick<Container, 'resources'>) => quantityToNumber(holder.resources?.limits?.[name] ?? 0) > 0
  return has({ ...(resources === undefined ? {} : { resources }) }) || [...containers, ...initContainers].every(has)
}

/** What of it is to change; undefined: nothing. */
export function changedPodLimits(wanted: PodLimits, held: PodLimits): Partial<PodLimits> | undefined {
  const names = (['cpuShares', 'cpuQuotaUs', 'memoryBytes'] as const).filter((name) => wanted[name] !== held[name])
  return names.length === 0 ? undefined : Object.fromEntries(names.map((name) => [name, wanted[name]]))
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

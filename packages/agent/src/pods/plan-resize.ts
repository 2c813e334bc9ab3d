/** In-place changes of a container's cpu and memory (KEP-1287): what differs, and whether it takes a restart. Pure. */

import { isDeepStrictEqual } from 'node:util'
import { type Container, type ContainerStatus, type Pod, quantityToBytes } from '@skiff/api'
import { podLimitsOf } from '../cgroups/pod-limits.ts'
import { containerLimits } from '../containers/resources.ts'
import type { ContainerLimits, ContainerState } from '../runtime/runtime.ts'
import type { PodMemory } from './pod-memory.ts'

/** The limits that are to change; undefined: the container has what its spec asks for. */
export function changedLimits(container: Container, seen: ContainerState, pod: Pod): Partial<ContainerLimits> | undefined {
  const wanted = containerLimits(container, pod)
  const { cpuShares, cpuQuotaUs, memoryBytes } = seen.limits
  const changed = {
    ...(wanted.cpuShares === cpuShares ? {} : { cpuShares: wanted.cpuShares }),
    ...(wanted.cpuQuotaUs === cpuQuotaUs ? {} : { cpuQuotaUs: wanted.cpuQuotaUs }),
    ...(wanted.memoryBytes === memoryBytes ? {} : { memoryBytes: wanted.memoryBytes }),
  }
  return Object.keys(changed).length === 0 ? undefined : changed
}

/** Whether it has not got yet what its spec asks for. @param reported what was said of it last */
export function awaitsResize(
  container: Container,
  seen: ContainerState,
  { pod, reported }: { readonly pod: Pod; readonly reported: ContainerStatus | undefined },
): boolean {
  return changedLimits(container, seen, pod) !== undefined || requestNeedsRestart(container, seen, reported)
}

/** Whether the pod as a whole has not got yet what its spec asks for. */
export function podAwaitsResize({ spec }: Pod, { podLimits }: Pick<PodMemory, 'podLimits'>): boolean {
  const wanted = podLimitsOf(spec)
  return wanted !== undefined && !isDeepStrictEqual(wanted, podLimits)
}

/** Whether the container's resizePolicy wants it restarted for such a change. */
export function resizeNeedsRestart(container: Container, changed: Partial<ContainerLimits>): boolean {
  const cpu = changed.cpuShares !== undefined || changed.cpuQuotaUs !== undefined
  return (cpu && restartsFor(container, 'cpu')) || (changed.memoryBytes !== undefined && restartsFor(container, 'memory'))
}

/** A request of memory is none of the engine's limits: another one only means something to who wants to be restarted for it. */
export function requestNeedsRestart(container: Container, seen: ContainerState, reported: ContainerStatus | undefined): boolean {
  if (!restartsFor(container, 'memory') || reported?.containerID !== `docker://${seen.id}`) return false
  const requestOf = ({ resources }: Pick<Container, 'resources'>) => quantityToBytes(resources?.requests?.memory ?? 0)
  return reported.resources !== undefined && requestOf(container) !== requestOf({ resources: reported.resources })
}

function restartsFor({ resizePolicy = [] }: Container, name: string): boolean {
  return resizePolicy.some(({ resourceName, restartPolicy }) => resourceName === name && restartPolicy === 'RestartContainer')
}

/** In-place changes of a container's cpu and memory (KEP-1287): what differs, and whether it takes a restart. Pure. */

import type { Container } from '@skiff/api'
import { containerLimits } from '../containers/resources.ts'
import type { ContainerLimits, ContainerState } from '../runtime/runtime.ts'

/** The limits that are to change; undefined: the container has what its spec asks for. */
export function changedLimits(container: Container, seen: ContainerState): Partial<ContainerLimits> | undefined {
  const wanted = containerLimits(container)
  const { cpuShares, cpuQuotaUs, memoryBytes } = seen.limits
  const changed = {
    ...(wanted.cpuShares === cpuShares ? {} : { cpuShares: wanted.cpuShares }),
    ...(wanted.cpuQuotaUs === cpuQuotaUs ? {} : { cpuQuotaUs: wanted.cpuQuotaUs }),
    ...(wanted.memoryBytes === memoryBytes ? {} : { memoryBytes: wanted.memoryBytes }),
  }
  return Object.keys(changed).length === 0 ? undefined : changed
}

/** Whether the container's resizePolicy wants it restarted for such a change. */
export function resizeNeedsRestart(container: Container, changed: Partial<ContainerLimits>): boolean {
  const restarts = (name: string) =>
    (container.resizePolicy ?? []).some(
      ({ resourceName, restartPolicy }) => resourceName === name && restartPolicy === 'RestartContainer',
    )
  const cpu = changed.cpuShares !== undefined || changed.cpuQuotaUs !== undefined
  return (cpu && restarts('cpu')) || (changed.memoryBytes !== undefined && restarts('memory'))
}

import { type Container, isSidecar, type Pod, quantityOfBytes, quantityOfMilli, quantityToBytes } from '@skiff/api'
import { type Observations, resourceOf } from './signals.ts'
import { quantityOf, type Threshold } from './thresholds.ts'

/** What a container uses of memory and of the disk, by its name. */
export type ContainerUses = ReadonlyMap<string, { readonly memoryBytes: number; readonly diskBytes: number }>

/** Why a pod went, in the kubelet's words. */
export function evictionMessage(
  pod: Pod,
  {
    threshold,
    observations,
    uses,
  }: { readonly threshold: Threshold; readonly observations: Observations; readonly uses: ContainerUses },
): string {
  const resource = resourceOf(threshold.signal)
  const seen = observations.get(threshold.signal)
  const met =
    seen === undefined
      ? ''
      : `Threshold quantity: ${shown(quantityOf(threshold.least, seen.capacity), resource)}, available: ${shown(seen.available, resource)}. `
  return `The node was low on resource: ${resource}. ${met}${beyondRequests(pod, resource, uses)}`
}

function beyondRequests({ spec }: Pod, resource: string, uses: ContainerUses): string {
  if (resource !== 'memory' && resource !== 'ephemeral-storage') return ''
  const running = [...spec.containers, ...(spec.initContainers ?? []).filter(isSidecar)]
  return running.map((container) => beyondRequest(container, resource, uses)).join('')
}

function beyondRequest({ name, resources }: Container, resource: 'memory' | 'ephemeral-storage', uses: ContainerUses): string {
  const used = uses.get(name)
  const request = resources?.requests?.[resource] ?? '0'
  const bytes = resource === 'memory' ? used?.memoryBytes : used?.diskBytes
  if (bytes === undefined || bytes <= Number(quantityToBytes(request))) return ''
  return `Container ${name} was using ${quantityOfBytes(bytes)}, request is ${request}, has larger consumption of ${resource}. `
}

function shown(amount: number, resource: string): string {
  const counts = resource === 'pids' || resource === 'inodes'
  return counts ? quantityOfMilli(BigInt(amount) * 1000n) : quantityOfBytes(amount)
}

import type { PodSpec } from '@skiff/api'
import { canonicalQuantity, tryParseQuantity } from '@skiff/api'
import { canonicalResourceList } from '../quantities.ts'

/**
 * All quantities of a pod in canonical form: `0.1` becomes `100m`, as upstream's decoder makes it, so that whoever sends
 * it again has changed nothing.
 */
export function canonicalPodSpec(spec: PodSpec): void {
  canonicalResourceList(spec.overhead)
  canonicalResourceList(spec.resources?.requests)
  canonicalResourceList(spec.resources?.limits)
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? []), ...(spec.ephemeralContainers ?? [])]) {
    canonicalResourceList(container.resources?.requests)
    canonicalResourceList(container.resources?.limits)
    for (const { valueFrom } of container.env ?? []) canonicalDivisor(valueFrom?.resourceFieldRef)
  }
  for (const volume of spec.volumes ?? []) {
    const size = tryParseQuantity(volume.emptyDir?.sizeLimit)
    if (volume.emptyDir && size) volume.emptyDir.sizeLimit = canonicalQuantity(size)
    for (const item of volume.downwardAPI?.items ?? []) canonicalDivisor(item.resourceFieldRef)
  }
}

function canonicalDivisor(reference: { divisor?: string | number } | undefined): void {
  const divisor = tryParseQuantity(reference?.divisor)
  if (reference && divisor) reference.divisor = canonicalQuantity(divisor)
}

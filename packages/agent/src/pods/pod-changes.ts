/** What one version of a pod says that the one before didn't. */

import type { Pod } from '@skiff/api'

/** Whether the pod is to end, to end sooner, or to be another than what is being done assumes. */
export function isOvertaken(before: Pod | undefined, now: Pod | undefined): boolean {
  if (before === undefined) return false
  if (now === undefined) return true
  if (now.metadata.deletionTimestamp === undefined) return now.metadata.generation !== before.metadata.generation
  if (before.metadata.deletionTimestamp === undefined) return true
  return (now.metadata.deletionGracePeriodSeconds ?? 0) < (before.metadata.deletionGracePeriodSeconds ?? 0)
}

/** Its volumes may show them. */
export function labelsDiffer(a: Pod, b: Pod): boolean {
  const text = ({ metadata }: Pod) => JSON.stringify([metadata.labels, metadata.annotations])
  return text(a) !== text(b)
}

/** Whether nothing is wanted of the pod that wasn't before. Conditions that others set are wishes too, where the pod has gates. */
export function isOnlyItsStatus(before: Pod, now: Pod): boolean {
  const wish = ({ metadata }: Pod) =>
    [metadata.generation, metadata.deletionTimestamp, metadata.deletionGracePeriodSeconds].join()
  return wish(before) === wish(now) && (now.spec.readinessGates ?? []).length === 0 && !labelsDiffer(before, now)
}

import type { Pod } from '@skiff/api'

/** That of `system-cluster-critical`. */
const CRITICAL_PRIORITY = 2_000_000_000

/** Whether the node itself needs the pod: one of its own files, or one of such priority. */
export function isCritical({ metadata, spec }: Pod): boolean {
  const source = metadata.annotations?.['kubernetes.io/config.source']
  return (source !== undefined && source !== 'api') || (spec.priority ?? 0) >= CRITICAL_PRIORITY
}

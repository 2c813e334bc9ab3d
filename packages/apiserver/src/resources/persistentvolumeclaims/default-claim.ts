import type { PersistentVolumeClaim } from '@skiff/api'
import { canonicalResourceList } from '../quantities.ts'

/** A claim's own defaults; a StatefulSet's templates of claims have the same. */
export function defaultClaim(claim: Partial<Pick<PersistentVolumeClaim, 'spec' | 'status'>>): void {
  if (claim.spec) {
    claim.spec.volumeMode ||= 'Filesystem'
    canonicalResourceList(claim.spec.resources?.requests)
    canonicalResourceList(claim.spec.resources?.limits)
  }
  claim.status ??= {}
  claim.status.phase ||= 'Pending'
}

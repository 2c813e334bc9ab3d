import { type FieldError, invalid, LEASES, type Lease, path } from '@skiff/api'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import { objectAge } from '../cells.ts'
import { AGE_COLUMN, NAME_COLUMN, textColumn } from '../columns.ts'

export const leaseResource: ResourceDefinition = {
  info: LEASES,
  createOnUpdate: true,
  strategy: { validate: (lease: Lease) => validateLease(lease) },
  columns: {
    columns: [NAME_COLUMN, textColumn('Holder', 'Who holds the lease.'), AGE_COLUMN],
    cells: (lease: Lease, now) => [lease.metadata.name, lease.spec?.holderIdentity ?? '', objectAge(lease, now)],
  },
}

function validateLease({ spec }: Lease): FieldError[] {
  const errors: FieldError[] = []
  const { leaseDurationSeconds, leaseTransitions } = spec ?? {}
  if (leaseDurationSeconds !== undefined && leaseDurationSeconds <= 0) {
    errors.push(invalid(path('spec', 'leaseDurationSeconds'), leaseDurationSeconds, 'must be greater than 0'))
  }
  if (leaseTransitions !== undefined && leaseTransitions < 0) {
    errors.push(invalid(path('spec', 'leaseTransitions'), leaseTransitions, 'must be greater than or equal to 0'))
  }
  return errors
}

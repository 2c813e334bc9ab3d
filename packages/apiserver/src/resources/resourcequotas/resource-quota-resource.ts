import { RESOURCE_QUOTAS, type ResourceQuota } from '@skiff/api'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import { objectAge } from '../cells.ts'
import { AGE_COLUMN, NAME_COLUMN, textColumn } from '../columns.ts'
import { canonicalResourceList } from '../quantities.ts'
import { keepStatus } from '../status.ts'
import { validateQuota, validateQuotaUpdate } from './validate-quota.ts'

export const resourceQuotaResource: ResourceDefinition = {
  info: RESOURCE_QUOTAS,
  subresources: ['status'],
  deleteReturnsObject: true,
  strategy: {
    default({ spec, status }: ResourceQuota) {
      canonicalResourceList(spec.hard)
      canonicalResourceList(status?.hard)
      canonicalResourceList(status?.used)
    },
    prepareForCreate(quota: ResourceQuota) {
      quota.status = {}
    },
    prepareForUpdate: keepStatus,
    validate: (quota: ResourceQuota) => validateQuota(quota),
    validateUpdate: (quota: ResourceQuota, old: ResourceQuota) => validateQuotaUpdate(quota, old),
  },
  columns: {
    columns: [
      NAME_COLUMN,
      textColumn('Request', 'Used and allowed amounts, limits left out.'),
      textColumn('Limit', 'Used and allowed limits.'),
      AGE_COLUMN,
    ],
    cells: (quota: ResourceQuota, now) => [
      quota.metadata.name,
      usageCell(quota, (name) => !name.startsWith('limits.')),
      usageCell(quota, (name) => name.startsWith('limits.')),
      objectAge(quota, now),
    ],
  },
}

/** `cpu: 1/2, pods: 3/10`. */
function usageCell({ spec, status }: ResourceQuota, wanted: (name: string) => boolean): string {
  const names = Object.keys(spec.hard ?? {}).filter(wanted)
  return names
    .sort()
    .map((name) => `${name}: ${status?.used?.[name] ?? 0}/${status?.hard?.[name] ?? spec.hard?.[name] ?? 0}`)
    .join(', ')
}

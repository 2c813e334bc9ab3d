import { SERVICE_ACCOUNTS, type ServiceAccount } from '@skiff/api'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import { objectAge } from '../cells.ts'
import { AGE_COLUMN, NAME_COLUMN, textColumn } from '../columns.ts'

export const serviceAccountResource: ResourceDefinition = {
  info: SERVICE_ACCOUNTS,
  subresources: ['token'],
  deleteReturnsObject: true,
  strategy: { validate: () => [] },
  columns: {
    columns: [NAME_COLUMN, textColumn('Secrets', 'Number of secrets that the account lists.'), AGE_COLUMN],
    cells: (account: ServiceAccount, now) => [account.metadata.name, account.secrets?.length ?? 0, objectAge(account, now)],
  },
}

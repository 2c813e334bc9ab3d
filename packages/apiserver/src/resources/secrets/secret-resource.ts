import { SECRETS, type Secret } from '@skiff/api'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import { objectAge } from '../cells.ts'
import { AGE_COLUMN, NAME_COLUMN, textColumn } from '../columns.ts'
import { validateSecret, validateSecretUpdate } from './validate-secret.ts'

export const secretResource: ResourceDefinition = {
  info: SECRETS,
  strategy: {
    default: (secret: Secret) => defaultSecret(secret),
    validate: (secret: Secret) => validateSecret(secret),
    validateUpdate: (secret: Secret, old: Secret) => validateSecretUpdate(secret, old),
  },
  selectableFields: { type: (secret) => String(secret.type ?? '') },
  columns: {
    columns: [
      NAME_COLUMN,
      textColumn('Type', 'What the data is for.'),
      textColumn('Data', 'Number of keys in data.'),
      AGE_COLUMN,
    ],
    cells: (secret: Secret, now) => [
      secret.metadata.name,
      secret.type ?? '',
      Object.keys(secret.data ?? {}).length,
      objectAge(secret, now),
    ],
  },
}

/** `stringData` is write-only: it ends up in `data`, where it wins. */
function defaultSecret(secret: Secret): void {
  secret.type ||= 'Opaque'
  const { stringData } = secret
  if (!stringData) return
  delete secret.stringData
  const encoded = Object.entries(stringData).map(([key, text]) => [key, Buffer.from(text).toString('base64')])
  if (encoded.length > 0) secret.data = { ...secret.data, ...Object.fromEntries(encoded) }
}

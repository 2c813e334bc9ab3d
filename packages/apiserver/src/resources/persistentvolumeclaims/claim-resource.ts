import { PERSISTENT_VOLUME_CLAIMS, type PersistentVolumeClaim } from '@skiff/api'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import { objectAge } from '../cells.ts'
import { AGE_COLUMN, NAME_COLUMN, textColumn, wideColumn } from '../columns.ts'
import { keepStatus } from '../status.ts'
import { claimWarnings } from '../warnings/storage-warnings.ts'
import { accessModesCell } from './access-modes.ts'
import { defaultClaim } from './default-claim.ts'
import { validateClaim, validateClaimUpdate } from './validate-claim.ts'

export const persistentVolumeClaimResource: ResourceDefinition = {
  info: PERSISTENT_VOLUME_CLAIMS,
  subresources: ['status'],
  deleteReturnsObject: true,
  strategy: {
    default: (claim: PersistentVolumeClaim) => defaultClaim(claim),
    prepareForCreate(claim: PersistentVolumeClaim) {
      claim.status = { phase: 'Pending' }
    },
    prepareForUpdate: keepStatus,
    validate: (claim: PersistentVolumeClaim) => validateClaim(claim),
    validateUpdate: (claim: PersistentVolumeClaim, old: PersistentVolumeClaim) => validateClaimUpdate(claim, old),
    warnings: (claim: PersistentVolumeClaim) => claimWarnings(claim),
  },
  columns: {
    columns: [
      NAME_COLUMN,
      textColumn('Status', 'Whether a volume has been found for it.'),
      textColumn('Volume', 'The volume that it is bound to.'),
      textColumn('Capacity', 'How much the volume holds.'),
      textColumn('Access Modes', 'How the volume may be used.'),
      textColumn('StorageClass', 'The class that the volume is of.'),
      textColumn('VolumeAttributesClass', 'The class of changeable attributes.'),
      AGE_COLUMN,
      wideColumn('VolumeMode', 'Filesystem or Block.'),
    ],
    cells(claim: PersistentVolumeClaim, now) {
      const { spec, status } = claim
      const bound = spec.volumeName !== undefined && spec.volumeName !== ''
      return [
        claim.metadata.name,
        claim.metadata.deletionTimestamp === undefined ? (status?.phase ?? '') : 'Terminating',
        spec.volumeName ?? '',
        bound ? String(status?.capacity?.storage ?? '') : '',
        bound ? accessModesCell(status?.accessModes) : '',
        spec.storageClassName ?? '',
        spec.volumeAttributesClassName ?? '<unset>',
        objectAge(claim, now),
        spec.volumeMode ?? '<unset>',
      ]
    },
  },
}

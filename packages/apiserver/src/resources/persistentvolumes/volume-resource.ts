import { PERSISTENT_VOLUMES, type PersistentVolume, rfc3339 } from '@skiff/api'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import { objectAge } from '../cells.ts'
import { AGE_COLUMN, NAME_COLUMN, textColumn, wideColumn } from '../columns.ts'
import { accessModesCell } from '../persistentvolumeclaims/access-modes.ts'
import { canonicalResourceList } from '../quantities.ts'
import { keepStatus } from '../status.ts'
import { volumeWarnings } from '../warnings/storage-warnings.ts'
import { validateVolume, validateVolumeUpdate } from './validate-volume.ts'

export const persistentVolumeResource: ResourceDefinition = {
  info: PERSISTENT_VOLUMES,
  subresources: ['status'],
  deleteReturnsObject: true,
  strategy: {
    default: (volume: PersistentVolume) => defaultVolume(volume),
    prepareForCreate(volume: PersistentVolume, { now }) {
      volume.status = { phase: 'Pending', lastPhaseTransitionTime: rfc3339(now) }
    },
    prepareForUpdate: keepStatus,
    prepareForStatusUpdate(volume: PersistentVolume, old: PersistentVolume, { now }) {
      volume.status ??= {}
      if (volume.status.phase !== old.status?.phase) volume.status.lastPhaseTransitionTime = rfc3339(now)
    },
    validate: (volume: PersistentVolume) => validateVolume(volume),
    validateUpdate: (volume: PersistentVolume, old: PersistentVolume) => validateVolumeUpdate(volume, old),
    warnings: (volume: PersistentVolume) => volumeWarnings(volume),
  },
  columns: {
    columns: [
      NAME_COLUMN,
      textColumn('Capacity', 'How much it holds.'),
      textColumn('Access Modes', 'How it may be used.'),
      textColumn('Reclaim Policy', 'What becomes of it when its claim is gone.'),
      textColumn('Status', 'Whether it is free, bound or released.'),
      textColumn('Claim', 'The claim that it is bound to.'),
      textColumn('StorageClass', 'The class that it is of.'),
      textColumn('VolumeAttributesClass', 'The class of changeable attributes.'),
      textColumn('Reason', 'Why it is in this state.'),
      AGE_COLUMN,
      wideColumn('VolumeMode', 'Filesystem or Block.'),
    ],
    cells(volume: PersistentVolume, now) {
      const { metadata, spec, status } = volume
      return [
        metadata.name,
        String(spec.capacity?.storage ?? ''),
        accessModesCell(spec.accessModes),
        spec.persistentVolumeReclaimPolicy ?? '',
        metadata.deletionTimestamp === undefined ? (status?.phase ?? '') : 'Terminating',
        spec.claimRef ? `${spec.claimRef.namespace ?? ''}/${spec.claimRef.name ?? ''}` : '',
        spec.storageClassName ?? '',
        spec.volumeAttributesClassName ?? '<unset>',
        status?.reason ?? '',
        objectAge(volume, now),
        spec.volumeMode ?? '<unset>',
      ]
    },
  },
}

function defaultVolume({ spec, ...volume }: PersistentVolume): void {
  if (volume.status) volume.status.phase ||= 'Pending'
  spec.persistentVolumeReclaimPolicy ||= 'Retain'
  spec.volumeMode ||= 'Filesystem'
  if (spec.hostPath) spec.hostPath.type ??= ''
  canonicalResourceList(spec.capacity)
}

import {
  BOUND_BY_CONTROLLER,
  LOCAL_PROVISIONER,
  type PersistentVolume,
  type PersistentVolumeClaim,
  PROVISIONED_BY,
} from '@skiff/api'
import type { Said } from './plan-claim.ts'

export type VolumeStep =
  | { readonly type: 'keep' }
  | { readonly type: 'set-phase'; readonly phase: 'Available' | 'Bound' | 'Released' }
  | { readonly type: 'fail'; readonly say: Said }
  /** Its claim took another volume: it is free again. */
  | { readonly type: 'unbind'; readonly keepName: boolean }
  /** Released, and to be deleted with what is in it. */
  | { readonly type: 'delete' }

/** What is to become of a volume (upstream's syncVolume). `claim`: the one that it names, if there still is one of that uid. Pure. */
export function planVolume(volume: PersistentVolume, claim: PersistentVolumeClaim | undefined): VolumeStep {
  const { claimRef } = volume.spec
  if (!claimRef?.uid) return { type: 'set-phase', phase: 'Available' }
  if (claim === undefined) return planReleased(volume)
  if (!claim.spec.volumeName) return { type: 'keep' }
  if (claim.spec.volumeName === volume.metadata.name) return { type: 'set-phase', phase: 'Bound' }
  if (isOurs(volume) && volume.spec.persistentVolumeReclaimPolicy === 'Delete') return { type: 'delete' }
  return { type: 'unbind', keepName: volume.metadata.annotations?.[BOUND_BY_CONTROLLER] === undefined }
}

function planReleased(volume: PersistentVolume): VolumeStep {
  if (volume.status?.phase === 'Failed') return { type: 'keep' }
  if (volume.status?.phase !== 'Released') return { type: 'set-phase', phase: 'Released' }
  switch (volume.spec.persistentVolumeReclaimPolicy) {
    case 'Delete':
      return planDeletion(volume)
    case 'Recycle':
      return failed('VolumeFailedRecycle', 'No recycler plugin found for the volume! Use the reclaim policy Retain or Delete.')
    default:
      return { type: 'keep' }
  }
}

/** Volumes of other provisioners are deleted by these. */
function planDeletion(volume: PersistentVolume): VolumeStep {
  if (volume.metadata.deletionTimestamp) return { type: 'keep' }
  if (isOurs(volume)) return { type: 'delete' }
  if (volume.metadata.annotations?.[PROVISIONED_BY] !== undefined) return { type: 'keep' }
  const { name } = volume.metadata
  return failed(
    'VolumeFailedDelete',
    `error getting deleter volume plugin for volume "${name}": no deletable volume plugin matched. ` +
      `It was made by hand: remove its data by hand, then \`kubectl delete pv ${name}\`.`,
  )
}

function isOurs({ metadata }: PersistentVolume): boolean {
  return metadata.annotations?.[PROVISIONED_BY] === LOCAL_PROVISIONER
}

function failed(reason: string, message: string): VolumeStep {
  return { type: 'fail', say: { type: 'Warning', reason, message } }
}

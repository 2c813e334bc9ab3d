import { isDeepStrictEqual } from 'node:util'
import {
  BIND_COMPLETED,
  BOUND_BY_CONTROLLER,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  type PersistentVolume,
  type PersistentVolumeClaim,
} from '@skiff/api'
import type { ApiClient } from '@skiff/client'
import { patchStatus } from '../shared/patch-status.ts'

/**
 * Binds both sides: the volume names the claim, and only then the claim the volume, so that after a crash at any point the
 * next pass goes on. Conflict: one of them is another by now.
 */
export async function bindVolume(client: ApiClient, claim: PersistentVolumeClaim, volume: PersistentVolume): Promise<void> {
  const reserved = await reserve(client, claim, volume)
  await Promise.all([setVolumePhase(client, reserved, 'Bound'), bindClaim(client, claim, volume)])
}

async function bindClaim(client: ApiClient, claim: PersistentVolumeClaim, volume: PersistentVolume): Promise<void> {
  const bound = await nameVolume(client, claim, volume)
  const before = claim.status ?? {}
  // A claim that was bound before says by itself how much it holds: growing it is another's work.
  const capacity = before.phase === 'Bound' ? before.capacity : volume.spec.capacity
  const { accessModes } = volume.spec
  await patchStatus(client, PERSISTENT_VOLUME_CLAIMS, bound, {
    ...bound.status,
    phase: 'Bound',
    ...(accessModes ? { accessModes } : {}),
    ...(capacity ? { capacity } : {}),
  })
}

async function reserve(client: ApiClient, claim: PersistentVolumeClaim, volume: PersistentVolume): Promise<PersistentVolume> {
  const { claimRef } = volume.spec
  if (claimRef?.uid) return volume
  const { namespace, name, uid, resourceVersion } = claim.metadata
  const reference = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name, uid, resourceVersion }
  const annotations = claimRef ? {} : { annotations: { [BOUND_BY_CONTROLLER]: 'yes' } }
  return await patchVolume(client, volume, { metadata: annotations, spec: { claimRef: reference } })
}

async function nameVolume(
  client: ApiClient,
  claim: PersistentVolumeClaim,
  volume: PersistentVolume,
): Promise<PersistentVolumeClaim> {
  const { name, namespace = '', resourceVersion, annotations = {} } = claim.metadata
  const chosenByUs = claim.spec.volumeName ? {} : { [BOUND_BY_CONTROLLER]: 'yes' }
  const wanted = { ...annotations, ...chosenByUs, [BIND_COMPLETED]: 'yes' }
  if (claim.spec.volumeName && isDeepStrictEqual(wanted, annotations)) return claim
  const body = { metadata: { resourceVersion, annotations: wanted }, spec: { volumeName: volume.metadata.name } }
  return await client.patch<PersistentVolumeClaim>(PERSISTENT_VOLUME_CLAIMS, { namespace, name }, { type: 'merge', body })
}

/** The volume is free again. @param keepName it still waits for a claim of that name, as its owner wrote it */
export async function unbindVolume(client: ApiClient, volume: PersistentVolume, keepName: boolean): Promise<void> {
  const annotations = { [BOUND_BY_CONTROLLER]: null }
  const claimRef = keepName ? { uid: null, resourceVersion: null } : null
  await setVolumePhase(client, await patchVolume(client, volume, { metadata: { annotations }, spec: { claimRef } }), 'Available')
}

async function patchVolume(
  client: ApiClient,
  { metadata: { name, resourceVersion } }: PersistentVolume,
  { metadata, spec }: { readonly metadata: object; readonly spec: object },
): Promise<PersistentVolume> {
  const body = { metadata: { ...metadata, resourceVersion }, spec }
  return await client.patch<PersistentVolume>(PERSISTENT_VOLUMES, { name }, { type: 'merge', body })
}

type Phase = 'Available' | 'Bound' | 'Released' | 'Failed'

export async function setVolumePhase(client: ApiClient, volume: PersistentVolume, phase: Phase, message?: string): Promise<void> {
  const { message: _, ...before } = volume.status ?? {}
  await patchStatus(client, PERSISTENT_VOLUMES, volume, { ...before, phase, ...(message ? { message } : {}) })
}

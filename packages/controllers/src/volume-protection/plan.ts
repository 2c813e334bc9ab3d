import {
  claimAttributesClasses,
  type ObjectMeta,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  PV_PROTECTION,
  PVC_PROTECTION,
  podClaims,
  VAC_PROTECTION,
  type VolumeAttributesClass,
} from '@skiff/api'

/** What is to become of the finalizer that keeps an object in use from vanishing. */
export type Protection = 'add' | 'remove' | 'keep'

/** @param inUse only asked when the object is being deleted */
function protection({ metadata }: { readonly metadata: ObjectMeta }, finalizer: string, inUse: boolean): Protection {
  const has = metadata.finalizers?.includes(finalizer) === true
  if (metadata.deletionTimestamp) return has && !inUse ? 'remove' : 'keep'
  return has ? 'keep' : 'add'
}

/** @param pods those that name the claim */
export function claimProtection(claim: PersistentVolumeClaim, pods: readonly Pod[]): Protection {
  return protection(
    claim,
    PVC_PROTECTION,
    pods.some((pod) => usesClaim(pod, claim)),
  )
}

export function volumeProtection(volume: PersistentVolume): Protection {
  return protection(volume, PV_PROTECTION, volume.status?.phase === 'Bound')
}

export function attributesClassProtection(
  attributesClass: VolumeAttributesClass,
  claims: readonly PersistentVolumeClaim[],
  volumes: readonly PersistentVolume[],
): Protection {
  const { name } = attributesClass.metadata
  const inUse =
    claims.some((claim) => claimAttributesClasses(claim).includes(name)) ||
    volumes.some(({ spec }) => spec.volumeAttributesClassName === name)
  return protection(attributesClass, VAC_PROTECTION, inUse)
}

/** A pod without a node doesn't count: it will not get one for a claim that is being deleted. */
function usesClaim(pod: Pod, claim: PersistentVolumeClaim): boolean {
  if (!pod.spec.nodeName || pod.metadata.namespace !== claim.metadata.namespace) return false
  return podClaims(pod).some(({ claimName, ephemeral }) => {
    if (claimName !== claim.metadata.name) return false
    return !ephemeral || !isShutDown(pod)
  })
}

/** It waits for nothing but its finalizers: its own claims may go before it. */
function isShutDown({ metadata }: Pod): boolean {
  return metadata.deletionTimestamp !== undefined && metadata.deletionGracePeriodSeconds === 0
}

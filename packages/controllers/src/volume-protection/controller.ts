import {
  claimAttributesClasses,
  type KindInfo,
  keyOf,
  type ObjectMeta,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  type PersistentVolume,
  type PersistentVolumeClaim,
  PODS,
  type Pod,
  PV_PROTECTION,
  PVC_PROTECTION,
  VAC_PROTECTION,
  VOLUME_ATTRIBUTES_CLASSES,
  type VolumeAttributesClass,
} from '@skiff/api'
import type { ControllerContext } from '../shared/context.ts'
import { unlessGone } from '../shared/errors.ts'
import { claimKeysOf } from '../shared/informers.ts'
import { runReconciler } from '../shared/reconcile.ts'
import { attributesClassProtection, claimProtection, type Protection, volumeProtection } from './plan.ts'

const CONCURRENCY = 4

/** Keeps claims that pods use, volumes that are bound, and VolumeAttributesClasses that either names, until nobody uses them any more. */
export async function runVolumeProtectionController(context: ControllerContext): Promise<void> {
  const { client, informers } = context
  const { persistentVolumes, persistentVolumeClaims, pods, volumeAttributesClasses } = informers

  async function protectClaim(key: string): Promise<void> {
    const claim = persistentVolumeClaims.get(key)
    if (claim === undefined) return
    const protection = claimProtection(claim, pods.byIndex('claim', key))
    // The informer may not know the newest pod yet: what can't be taken back is asked of the API.
    if (protection === 'remove' && (await isUsedAfterAll(claim))) return
    await apply(PERSISTENT_VOLUME_CLAIMS, claim, PVC_PROTECTION, protection)
  }

  async function isUsedAfterAll(claim: PersistentVolumeClaim): Promise<boolean> {
    const { items } = await client.list<Pod>(PODS, { namespace: claim.metadata.namespace ?? '' })
    return claimProtection(claim, items) !== 'remove'
  }

  async function protectVolume(key: string): Promise<void> {
    const volume = persistentVolumes.get(key)
    if (volume) await apply(PERSISTENT_VOLUMES, volume, PV_PROTECTION, volumeProtection(volume))
  }

  async function protectAttributesClass(name: string): Promise<void> {
    const attributesClass = volumeAttributesClasses.get(name)
    if (attributesClass === undefined) return
    const claims = persistentVolumeClaims.byIndex('attributesClass', name)
    const volumes = persistentVolumes.byIndex('attributesClass', name)
    const protection = attributesClassProtection(attributesClass, claims, volumes)
    if (protection === 'remove' && (await isNamedAfterAll(attributesClass))) return
    await apply(VOLUME_ATTRIBUTES_CLASSES, attributesClass, VAC_PROTECTION, protection)
  }

  async function isNamedAfterAll(attributesClass: VolumeAttributesClass): Promise<boolean> {
    const [claims, volumes] = await Promise.all([
      client.list<PersistentVolumeClaim>(PERSISTENT_VOLUME_CLAIMS),
      client.list<PersistentVolume>(PERSISTENT_VOLUMES),
    ])
    return attributesClassProtection(attributesClass, claims.items, volumes.items) !== 'remove'
  }

  async function apply(
    info: KindInfo,
    { metadata }: { readonly metadata: ObjectMeta },
    finalizer: string,
    protection: Protection,
  ): Promise<void> {
    if (protection === 'keep') return
    const { name, namespace, resourceVersion, finalizers = [] } = metadata
    const wanted = protection === 'add' ? [...finalizers, finalizer] : finalizers.filter((one) => one !== finalizer)
    const ref = namespace === undefined ? { name } : { namespace, name }
    const body = { metadata: { resourceVersion, finalizers: wanted } }
    await unlessGone(client.patch(info, ref, { type: 'merge', body }))
  }

  const claims = runReconciler(context, {
    name: 'pvc-protection',
    reads: [persistentVolumeClaims, pods],
    concurrency: CONCURRENCY,
    watch: (queue) => {
      persistentVolumeClaims.onChange(({ key }) => queue.add(key))
      pods.onChange(({ object }) => {
        for (const key of claimKeysOf(object)) {
          if (persistentVolumeClaims.get(key)?.metadata.deletionTimestamp) queue.add(key)
        }
      })
    },
    reconcile: protectClaim,
  })
  const volumes = runReconciler(context, {
    name: 'pv-protection',
    reads: [persistentVolumes],
    concurrency: CONCURRENCY,
    watch: (queue) => void persistentVolumes.onChange(({ object }) => queue.add(keyOf(object))),
    reconcile: protectVolume,
  })
  const attributesClasses = runReconciler(context, {
    name: 'vac-protection',
    reads: [volumeAttributesClasses, persistentVolumeClaims, persistentVolumes],
    concurrency: CONCURRENCY,
    watch: (queue) => {
      const addLeaving = (name: string) => {
        if (volumeAttributesClasses.get(name)?.metadata.deletionTimestamp) queue.add(name)
      }
      volumeAttributesClasses.onChange(({ key }) => queue.add(key))
      // What they named before: a class can only become free of those who no longer name it.
      persistentVolumeClaims.onChange(({ object, previous = object }) => claimAttributesClasses(previous).forEach(addLeaving))
      persistentVolumes.onChange(({ object, previous = object }) => addLeaving(previous.spec.volumeAttributesClassName ?? ''))
    },
    reconcile: protectAttributesClass,
  })
  await Promise.all([claims, volumes, attributesClasses])
}

import {
  type KindInfo,
  keyOf,
  type ObjectMeta,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  PODS,
  type Pod,
  PV_PROTECTION,
  PVC_PROTECTION,
} from '@skiff/api'
import type { ControllerContext } from '../shared/context.ts'
import { unlessGone } from '../shared/errors.ts'
import { claimKeysOf } from '../shared/informers.ts'
import { runReconciler } from '../shared/reconcile.ts'
import { claimProtection, type Protection, volumeProtection } from './plan.ts'

const CONCURRENCY = 4

/** Keeps claims that pods use, and volumes that are bound, until nobody uses them any more. */
export async function runVolumeProtectionController(context: ControllerContext): Promise<void> {
  const { client, informers } = context
  const { persistentVolumes, persistentVolumeClaims, pods } = informers

  async function protectClaim(key: string): Promise<void> {
    const claim = persistentVolumeClaims.get(key)
    if (claim === undefined) return
    const protection = claimProtection(claim, pods.byIndex('claim', key))
    // The informer may not know the newest pod yet: what can't be taken back is asked of the API.
    if (protection === 'remove' && (await isUsedAfterAll(claim))) return
    await apply(PERSISTENT_VOLUME_CLAIMS, claim, PVC_PROTECTION, protection)
  }

  async function isUsedAfterAll(claim: Parameters<typeof claimProtection>[0]): Promise<boolean> {
    const { items } = await client.list<Pod>(PODS, { namespace: claim.metadata.namespace ?? '' })
    return claimProtection(claim, items) !== 'remove'
  }

  async function protectVolume(key: string): Promise<void> {
    const volume = persistentVolumes.get(key)
    if (volume) await apply(PERSISTENT_VOLUMES, volume, PV_PROTECTION, volumeProtection(volume))
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
  await Promise.all([claims, volumes])
}

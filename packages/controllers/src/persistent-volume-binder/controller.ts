import {
  defaultStorageClass,
  isNotFound,
  keyOf,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  type PersistentVolume,
  type PersistentVolumeClaim,
  STORAGE_PROVISIONER,
  storageClassOf,
} from '@skiff/api'
import type { ControllerContext } from '../shared/context.ts'
import { unlessGone } from '../shared/errors.ts'
import { claimKeysOf } from '../shared/informers.ts'
import { patchStatus } from '../shared/patch-status.ts'
import { recorderFor, runReconciler } from '../shared/reconcile.ts'
import { bindVolume, setVolumePhase, unbindVolume } from './bind-volume.ts'
import { type ClaimStep, planClaim, type Said } from './plan-claim.ts'
import { planVolume } from './plan-volume.ts'

/** Keys carry their kind. */
const CLAIM = 'claim:'
const VOLUME = 'volume:'
/** Of two claims that choose one volume the second meets a conflict, and chooses again. */
const CONCURRENCY = 8

/** Finds a volume for every claim, and says of both in which phase they are. */
export async function runPersistentVolumeBinder(context: ControllerContext): Promise<void> {
  const { client, informers } = context
  const { persistentVolumes, persistentVolumeClaims, storageClasses, pods } = informers
  const events = recorderFor(context, 'persistentvolume-controller')

  async function reconcileClaim(key: string): Promise<void> {
    const claim = persistentVolumeClaims.get(key)
    if (claim === undefined) return
    const step = planClaim(viewOf(claim))
    // What is lost can't be found again: an informer that is behind must not decide that.
    if (step.type !== 'lose' || (await isLost(claim))) await execute(claim, step)
  }

  function viewOf(claim: PersistentVolumeClaim) {
    const named = persistentVolumes.get(claim.spec.volumeName ?? '')
    const volumes = [
      ...(named ? [named] : []),
      ...persistentVolumes.byIndex('claim', keyOf(claim)),
      ...persistentVolumes.byIndex('class', storageClassOf(claim)),
    ]
    const waitingPods = pods.byIndex('claim', keyOf(claim)).filter(({ spec }) => !spec.nodeName)
    const storageClass = storageClasses.get(storageClassOf(claim))
    return { claim, volumes, storageClass, defaultClass: defaultStorageClass(storageClasses.list()), waitingPods }
  }

  async function isLost({ metadata }: PersistentVolumeClaim): Promise<boolean> {
    const { name, namespace = '' } = metadata
    const claim = await unlessGone(client.get<PersistentVolumeClaim>(PERSISTENT_VOLUME_CLAIMS, { namespace, name }))
    if (claim === undefined) return false
    const volumeName = claim.spec.volumeName ?? ''
    const volume = volumeName && (await unlessGone(client.get<PersistentVolume>(PERSISTENT_VOLUMES, { name: volumeName })))
    const volumes = volume ? [volume] : []
    return planClaim({ claim, volumes, storageClass: undefined, defaultClass: undefined, waitingPods: [] }).type === 'lose'
  }

  async function execute(claim: PersistentVolumeClaim, step: ClaimStep): Promise<void> {
    switch (step.type) {
      case 'bind':
        return await bindVolume(client, claim, step.volume)
      case 'assign-class':
        return await assignClass(claim, step.name)
      case 'wait':
        return await wait(claim, step)
      case 'lose':
        if (claim.status?.phase !== 'Lost') say(claim, step.say)
        return await writePhase(claim, 'Lost')
    }
  }

  async function assignClass({ metadata }: PersistentVolumeClaim, storageClassName: string): Promise<void> {
    const { name, namespace = '', resourceVersion } = metadata
    const body = { metadata: { resourceVersion }, spec: { storageClassName } }
    await unlessGone(client.patch(PERSISTENT_VOLUME_CLAIMS, { namespace, name }, { type: 'merge', body }))
  }

  async function wait(claim: PersistentVolumeClaim, step: Extract<ClaimStep, { type: 'wait' }>): Promise<void> {
    if (step.provisioner !== undefined) await nameProvisioner(claim, step.provisioner)
    if (step.say) say(claim, step.say)
    await writePhase(claim, 'Pending')
  }

  async function nameProvisioner({ metadata }: PersistentVolumeClaim, provisioner: string): Promise<void> {
    if (metadata.annotations?.[STORAGE_PROVISIONER] === provisioner) return
    const { name, namespace = '', uid } = metadata
    const body = { metadata: { uid, annotations: { [STORAGE_PROVISIONER]: provisioner } } }
    await unlessGone(client.patch(PERSISTENT_VOLUME_CLAIMS, { namespace, name }, { type: 'merge', body }))
  }

  /** Neither Pending nor Lost has anything of a volume. */
  async function writePhase(claim: PersistentVolumeClaim, phase: 'Pending' | 'Lost'): Promise<void> {
    const { accessModes: _, capacity: __, ...status } = claim.status ?? {}
    await unlessGone(patchStatus(client, PERSISTENT_VOLUME_CLAIMS, claim, { ...status, phase }))
  }

  async function reconcileVolume(name: string): Promise<void> {
    const volume = persistentVolumes.get(name)
    if (volume === undefined) return
    const step = planVolume(volume, await claimOf(volume))
    switch (step.type) {
      case 'keep':
        return
      case 'set-phase':
        if (volume.status?.phase !== step.phase) await unlessGone(setVolumePhase(client, volume, step.phase))
        return
      case 'fail':
        say(volume, step.say)
        await unlessGone(setVolumePhase(client, volume, 'Failed', step.say.message))
        return
      case 'unbind':
        return await unbindVolume(client, volume, step.keepName)
      case 'delete':
        await unlessGone(client.delete(PERSISTENT_VOLUMES, { name }, { uid: volume.metadata.uid }))
        return
    }
  }

  /** The very claim that the volume names. That it is gone is asked of the API: data may depend on it. */
  async function claimOf({ spec }: PersistentVolume): Promise<PersistentVolumeClaim | undefined> {
    const { namespace = '', name = '', uid } = spec.claimRef ?? {}
    if (!uid) return undefined
    const known = persistentVolumeClaims.get(`${namespace}/${name}`)
    if (known?.metadata.uid === uid) return known
    try {
      const found = await client.get<PersistentVolumeClaim>(PERSISTENT_VOLUME_CLAIMS, { namespace, name })
      return found.metadata.uid === uid ? found : undefined
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  function say(about: PersistentVolumeClaim | PersistentVolume, { type, reason, message }: Said): void {
    events.event(about, type, reason, message)
  }

  await runReconciler(context, {
    name: 'persistent-volume-binder',
    reads: [persistentVolumes, persistentVolumeClaims, storageClasses, pods],
    concurrency: CONCURRENCY,
    watch: (queue) => {
      const claimsOf = (className: string) => {
        for (const claim of persistentVolumeClaims.byIndex('unbound', className)) queue.add(CLAIM + keyOf(claim))
      }
      persistentVolumeClaims.onChange(({ key, object }) => {
        queue.add(CLAIM + key)
        for (const volume of persistentVolumes.byIndex('claim', key)) queue.add(VOLUME + keyOf(volume))
        if (object.spec.volumeName) queue.add(VOLUME + object.spec.volumeName)
      })
      persistentVolumes.onChange(({ key, object }) => {
        queue.add(VOLUME + key)
        const { namespace, name } = object.spec.claimRef ?? {}
        if (name) queue.add(`${CLAIM}${namespace}/${name}`)
        else claimsOf(storageClassOf(object))
        for (const claim of persistentVolumeClaims.byIndex('volume', key)) queue.add(CLAIM + keyOf(claim))
      })
      storageClasses.onChange(({ key }) => {
        claimsOf(key)
        claimsOf('')
      })
      pods.onChange(({ type, object, previous }) => {
        if (type === 'updated' && object.spec.nodeName === previous?.spec.nodeName) return
        for (const key of claimKeysOf(object)) {
          if (!persistentVolumeClaims.get(key)?.spec.volumeName) queue.add(CLAIM + key)
        }
      })
    },
    reconcile: async (key) => {
      if (key.startsWith(CLAIM)) await reconcileClaim(key.slice(CLAIM.length))
      else await reconcileVolume(key.slice(VOLUME.length))
    },
  })
  await events.flush()
}

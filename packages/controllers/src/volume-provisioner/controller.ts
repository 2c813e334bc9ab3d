import {
  isAlreadyExists,
  isNotFound,
  keyOf,
  LOCAL_DATA_FINALIZER,
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  type PersistentVolume,
  type PersistentVolumeClaim,
  SELECTED_NODE,
  storageClassOf,
  VOLUME_NODE_LABEL,
} from '@skiff/api'
import type { ControllerContext } from '../shared/context.ts'
import { unlessGone } from '../shared/errors.ts'
import { patchStatus } from '../shared/patch-status.ts'
import { RecentWrites } from '../shared/recent-writes.ts'
import { recorderFor, runReconciler } from '../shared/reconcile.ts'
import { planExpansion, planProvisioning } from './plan.ts'

const CLAIM = 'claim:'
const VOLUME = 'volume:'
/** A node that was deleted may register again at once; its data is given up only after so long. */
const QUARANTINE_MS = 30_000

/** The built-in provisioner `skiff.dev/local`: it promises directories; the node's agent makes them and takes them away. */
export async function runVolumeProvisioner(context: ControllerContext): Promise<void> {
  const { client, informers } = context
  const { persistentVolumes, persistentVolumeClaims, storageClasses, nodes } = informers
  const events = recorderFor(context, 'skiff.dev/local')
  const writes = new RecentWrites<PersistentVolume>(persistentVolumes)

  async function reconcileClaim(key: string): Promise<void> {
    const claim = persistentVolumeClaims.get(key)
    if (claim === undefined) return
    await provision(claim)
    await expand(claim)
  }

  async function provision(claim: PersistentVolumeClaim): Promise<void> {
    const node = claim.metadata.annotations?.[SELECTED_NODE] ?? ''
    const storageClass = storageClasses.get(storageClassOf(claim))
    const step = planProvisioning({ claim, storageClass, node: nodes.get(node), volumesThere: volumesOn(node) })
    switch (step.type) {
      case 'nothing':
        return
      case 'create':
        return await create(claim, node, step)
      case 'refuse':
        events.event(claim, 'Warning', 'ProvisioningFailed', `failed to provision volume: ${step.message}`)
        if (step.chooseAgain) await chooseAnotherNode(claim)
        return
    }
  }

  function volumesOn(node: string): readonly PersistentVolume[] {
    return writes.overlay(node, persistentVolumes.byIndex('node', node))
  }

  async function create(
    claim: PersistentVolumeClaim,
    node: string,
    { volume, path }: { readonly volume: object; readonly path: string },
  ): Promise<void> {
    try {
      const created = await client.create<PersistentVolume>(PERSISTENT_VOLUMES, volume)
      writes.created(node, created)
      const message = `Successfully provisioned volume ${created.metadata.name}: its data lies on node ${node} in ${path}`
      events.event(claim, 'Normal', 'ProvisioningSucceeded', message)
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
    }
  }

  async function chooseAnotherNode({ metadata }: PersistentVolumeClaim): Promise<void> {
    const { name, namespace = '', resourceVersion } = metadata
    const body = { metadata: { resourceVersion, annotations: { [SELECTED_NODE]: null } } }
    await unlessGone(client.patch(PERSISTENT_VOLUME_CLAIMS, { namespace, name }, { type: 'merge', body }))
  }

  async function expand(claim: PersistentVolumeClaim): Promise<void> {
    const volume = persistentVolumes.get(claim.spec.volumeName ?? '')
    const node = volume?.metadata.labels?.[VOLUME_NODE_LABEL] ?? ''
    const step = planExpansion({ claim, volume, node: nodes.get(node), volumesThere: volumesOn(node) })
    if (step.type === 'refuse') events.event(claim, 'Warning', 'VolumeResizeFailed', `resize volume failed: ${step.message}`)
    if (step.type !== 'grow' || volume === undefined) return
    const { name, resourceVersion } = volume.metadata
    const body = { metadata: { resourceVersion }, spec: { capacity: { storage: step.to } } }
    await client.patch(PERSISTENT_VOLUMES, { name }, { type: 'merge', body })
    await patchStatus(client, PERSISTENT_VOLUME_CLAIMS, claim, { ...claim.status, capacity: { storage: step.to } })
    events.event(claim, 'Normal', 'VolumeResizeSuccessful', 'Resize volume succeeded')
  }

  /** Of a node that is gone nobody will remove the data any more. */
  async function reconcileVolume(name: string): Promise<void> {
    const volume = persistentVolumes.get(name)
    const { deletionTimestamp, finalizers = [], labels, resourceVersion } = volume?.metadata ?? {}
    if (!volume || !deletionTimestamp || !finalizers.includes(LOCAL_DATA_FINALIZER)) return
    const node = labels?.[VOLUME_NODE_LABEL] ?? ''
    if (nodes.get(node) || (await nodeExists(node))) return
    events.event(
      volume,
      'Warning',
      'VolumeDataLeft',
      `node ${node} is gone: ${volume.spec.local?.path} may still lie on its disk`,
    )
    const wanted = finalizers.filter((finalizer) => finalizer !== LOCAL_DATA_FINALIZER)
    const body = { metadata: { resourceVersion, finalizers: wanted } }
    await unlessGone(client.patch(PERSISTENT_VOLUMES, { name }, { type: 'merge', body }))
  }

  async function nodeExists(name: string): Promise<boolean> {
    try {
      await client.get(NODES, { name })
      return true
    } catch (error) {
      if (isNotFound(error)) return false
      throw error
    }
  }

  await runReconciler(context, {
    name: 'volume-provisioner',
    reads: [persistentVolumes, persistentVolumeClaims, storageClasses, nodes],
    watch: (queue) => {
      persistentVolumeClaims.onChange(({ key }) => queue.add(CLAIM + key))
      persistentVolumes.onChange(({ key, object }) => {
        if (object.metadata.deletionTimestamp) queue.addAfter(VOLUME + key, QUARANTINE_MS)
        for (const claim of persistentVolumeClaims.byIndex('volume', key)) queue.add(CLAIM + keyOf(claim))
      })
      storageClasses.onChange(({ key }) => {
        for (const claim of persistentVolumeClaims.byIndex('unbound', key)) queue.add(CLAIM + keyOf(claim))
      })
      nodes.onChange(({ type, key }) => {
        if (type !== 'deleted') return
        for (const volume of persistentVolumes.byIndex('node', key)) queue.addAfter(VOLUME + keyOf(volume), QUARANTINE_MS)
      })
    },
    reconcile: async (key) => {
      if (key.startsWith(CLAIM)) await reconcileClaim(key.slice(CLAIM.length))
      else await reconcileVolume(key.slice(VOLUME.length))
    },
  })
  await events.flush()
}

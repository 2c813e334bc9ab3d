import {
  compareQuantities,
  LOCAL_DATA_FINALIZER,
  LOCAL_PROVISIONER,
  type Node,
  type PersistentVolume,
  type PersistentVolumeClaim,
  PROVISIONED_BY,
  PV_PROTECTION,
  quantityOfBytes,
  quantityToBytes,
  requestOf,
  SELECTED_NODE,
  type StorageClass,
  sizeOf,
  VOLUME_NODE_LABEL,
  VOLUMES_DIRECTORY,
  volumesBytesFree,
} from '@skiff/api'

export interface ProvisioningView {
  readonly claim: PersistentVolumeClaim
  readonly storageClass: StorageClass | undefined
  /** The one that the scheduler chose. */
  readonly node: Node | undefined
  /** What is promised there already. */
  readonly volumesThere: readonly PersistentVolume[]
}

export type ProvisioningStep =
  | { readonly type: 'nothing' }
  | { readonly type: 'create'; readonly volume: object; readonly path: string }
  /** @param chooseAgain another node may do */
  | { readonly type: 'refuse'; readonly message: string; readonly chooseAgain: boolean }

const NOTHING = { type: 'nothing' } as const

/** The directory that a claim of the built-in provisioner gets, as a volume that only its node can use. Pure. */
export function planProvisioning({ claim, storageClass, node, volumesThere }: ProvisioningView): ProvisioningStep {
  if (storageClass?.provisioner !== LOCAL_PROVISIONER) return NOTHING
  if (claim.spec.volumeName || claim.metadata.deletionTimestamp) return NOTHING
  const problem = unsupported(claim, storageClass)
  if (problem !== undefined) return { type: 'refuse', message: problem, chooseAgain: false }
  const selected = claim.metadata.annotations?.[SELECTED_NODE]
  if (selected === undefined) return NOTHING
  const directory = node?.metadata.annotations?.[VOLUMES_DIRECTORY]
  if (node === undefined || directory === undefined) {
    const why = node === undefined ? 'does not exist any more' : 'has no place for volumes: its agent is too old, or never ran'
    return { type: 'refuse', message: `node ${selected} ${why}`, chooseAgain: true }
  }
  const lacking = lackOfSpace(node, volumesThere, quantityToBytes(requestOf(claim)))
  if (lacking !== undefined) return { type: 'refuse', message: lacking, chooseAgain: true }
  const path = `${directory}/${volumeNameOf(claim)}`
  return { type: 'create', path, volume: volumeFor({ claim, storageClass, node, path }) }
}

/** What a directory can't be. */
function unsupported({ spec }: PersistentVolumeClaim, storageClass: StorageClass): string | undefined {
  const { name } = storageClass.metadata
  if (storageClass.volumeBindingMode !== 'WaitForFirstConsumer') {
    return `storage class "${name}" binds immediately, but a volume of ${LOCAL_PROVISIONER} lies on the node of its first pod: use a class with volumeBindingMode WaitForFirstConsumer`
  }
  if (spec.volumeMode === 'Block')
    return `${LOCAL_PROVISIONER} makes directories, no block devices: ask for volumeMode Filesystem`
  if (spec.dataSource ?? spec.dataSourceRef) {
    return `${LOCAL_PROVISIONER} makes empty directories: a dataSource is not supported, copy the data with a pod`
  }
  if (spec.selector) return `claim.Spec.Selector is not supported: volumes of ${LOCAL_PROVISIONER} are made, not chosen`
  if (storageClass.mountOptions?.length) return `a directory has no mountOptions: remove them from storage class "${name}"`
  return undefined
}

function lackOfSpace(node: Node, volumesThere: readonly PersistentVolume[], wanted: bigint): string | undefined {
  const free = volumesBytesFree(node, volumesThere)
  if (wanted <= free) return undefined
  const left = quantityOfBytes(free > 0n ? free : 0n)
  return `node ${node.metadata.name} has ${left} left for volumes, which is less than ${quantityOfBytes(wanted)}: ask for less, delete claims there, or add a node`
}

function volumeNameOf({ metadata }: PersistentVolumeClaim): string {
  return `pvc-${metadata.uid}`
}

interface VolumeParts {
  readonly claim: PersistentVolumeClaim
  readonly storageClass: StorageClass
  readonly node: Node
  readonly path: string
}

function volumeFor({ claim, storageClass, node, path }: VolumeParts): object {
  const { namespace, name, uid, resourceVersion } = claim.metadata
  const hostname = node.metadata.labels?.['kubernetes.io/hostname'] ?? node.metadata.name
  const row = { key: 'kubernetes.io/hostname', operator: 'In', values: [hostname] }
  return {
    metadata: {
      name: volumeNameOf(claim),
      labels: { [VOLUME_NODE_LABEL]: node.metadata.name },
      annotations: { [PROVISIONED_BY]: LOCAL_PROVISIONER },
      finalizers: [PV_PROTECTION, LOCAL_DATA_FINALIZER],
    },
    spec: {
      capacity: { storage: requestOf(claim) },
      accessModes: claim.spec.accessModes,
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy ?? 'Delete',
      storageClassName: storageClass.metadata.name,
      volumeMode: 'Filesystem',
      local: { path },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [row] }] } },
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name, uid, resourceVersion },
    },
  }
}

export interface ExpansionView {
  readonly claim: PersistentVolumeClaim
  readonly volume: PersistentVolume | undefined
  readonly node: Node | undefined
  readonly volumesThere: readonly PersistentVolume[]
}

export type ExpansionStep =
  | { readonly type: 'nothing' }
  | { readonly type: 'grow'; readonly to: string | number }
  | { readonly type: 'refuse'; readonly message: string }

/** A bound claim that asks for more than its volume holds: a directory grows by a promise. Pure. */
export function planExpansion({ claim, volume, node, volumesThere }: ExpansionView): ExpansionStep {
  if (volume?.metadata.annotations?.[PROVISIONED_BY] !== LOCAL_PROVISIONER || claim.status?.phase !== 'Bound') return NOTHING
  const wanted = requestOf(claim)
  const told = claim.status.capacity?.storage ?? '0'
  if (compareQuantities(wanted, sizeOf(volume)) <= 0 && compareQuantities(told, wanted) >= 0) return NOTHING
  const more = quantityToBytes(wanted) - quantityToBytes(sizeOf(volume))
  const lacking = node && more > 0n ? lackOfSpace(node, volumesThere, more) : undefined
  return lacking === undefined ? { type: 'grow', to: wanted } : { type: 'refuse', message: lacking }
}

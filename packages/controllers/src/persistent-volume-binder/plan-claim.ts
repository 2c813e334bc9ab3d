import {
  BIND_COMPLETED,
  LOCAL_PROVISIONER,
  NO_PROVISIONER,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  reservedVolume,
  SELECTED_NODE,
  type StorageClass,
  smallestVolume,
  storageClassOf,
  volumeIsFor,
  volumeMismatch,
  waitsForFirstConsumer,
} from '@skiff/api'

export interface ClaimView {
  readonly claim: PersistentVolumeClaim
  /** All that could be meant: of its class, and those that name it or that it names. */
  readonly volumes: readonly PersistentVolume[]
  /** Of the claim's class name; undefined when there is none of that name. */
  readonly storageClass: StorageClass | undefined
  /** The class of claims that name none. */
  readonly defaultClass: StorageClass | undefined
  /** Pods that use it and have no node yet. */
  readonly waitingPods: readonly Pod[]
}

export interface Said {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
}

export type ClaimStep =
  | { readonly type: 'bind'; readonly volume: PersistentVolume }
  /** It named no class, and there was no default when it was made (KEP-3333). */
  | { readonly type: 'assign-class'; readonly name: string }
  /** It stays Pending, and an event says why. */
  | { readonly type: 'wait'; readonly say?: Said; readonly provisioner?: string }
  /** It was bound to a volume that is gone, or that is somebody else's. */
  | { readonly type: 'lose'; readonly say: Said }

/** What is to become of a claim (upstream's pv_controller, syncClaim). Pure. */
export function planClaim(view: ClaimView): ClaimStep {
  const { claim } = view
  if (claim.metadata.annotations?.[BIND_COMPLETED] !== undefined) return planBoundClaim(view)
  if (claim.metadata.deletionTimestamp) return { type: 'wait' }
  return claim.spec.volumeName ? planNamedVolume(view, claim.spec.volumeName) : planAnyVolume(view)
}

function planBoundClaim({ claim, volumes }: ClaimView): ClaimStep {
  const { volumeName } = claim.spec
  if (!volumeName) return lost('ClaimLost', 'Bound claim has lost reference to PersistentVolume. Data on the volume is lost!')
  const volume = volumes.find(({ metadata }) => metadata.name === volumeName)
  if (volume === undefined) return lost('ClaimLost', 'Bound claim has lost its PersistentVolume. Data on the volume is lost!')
  const { claimRef } = volume.spec
  if (claimRef === undefined || volumeIsFor(volume, claim)) return { type: 'bind', volume }
  return lost('ClaimMisbound', 'Two claims are bound to the same volume, this one is bound incorrectly')
}

function planNamedVolume({ claim, volumes }: ClaimView, name: string): ClaimStep {
  const volume = volumes.find(({ metadata }) => metadata.name === name)
  if (volume === undefined) {
    return waits('Normal', 'FailedBinding', `volume "${name}" does not exist yet: create it, or name another one`)
  }
  if (volume.spec.claimRef && !volumeIsFor(volume, claim)) {
    return waits('Warning', 'FailedBinding', `volume "${name}" already bound to a different claim.`)
  }
  const problem = volume.spec.claimRef ? undefined : volumeMismatch(volume, claim)
  if (problem === undefined) return { type: 'bind', volume }
  return waits('Warning', 'VolumeMismatch', `Cannot bind to requested volume "${name}": ${problem}`)
}

function planAnyVolume(view: ClaimView): ClaimStep {
  const { claim, volumes, storageClass } = view
  const reserved = reservedVolume(claim, volumes)
  if (reserved) return { type: 'bind', volume: reserved }
  if (waitsForFirstConsumer(storageClass)) {
    // From the volumes that are there the scheduler chooses, with the node.
    return claim.metadata.annotations?.[SELECTED_NODE] === undefined ? waitForConsumer(view) : planProvisioning(view)
  }
  const volume = smallestVolume(claim, volumes)
  return volume ? { type: 'bind', volume } : planProvisioning(view)
}

function waitForConsumer({ waitingPods }: ClaimView): ClaimStep {
  const names = waitingPods.map(({ metadata }) => metadata.name).sort()
  if (names.length === 0) {
    return waits('Normal', 'WaitForFirstConsumer', 'waiting for first consumer to be created before binding')
  }
  const text = names.length > 1 ? `pods ${names.join(',')}` : `pod ${names[0]}`
  return waits('Normal', 'WaitForPodScheduled', `waiting for ${text} to be scheduled`)
}

function planProvisioning({ claim, storageClass, defaultClass }: ClaimView): ClaimStep {
  const className = storageClassOf(claim)
  if (className === '' && claim.spec.storageClassName === undefined && defaultClass) {
    return { type: 'assign-class', name: defaultClass.metadata.name }
  }
  if (className === '') {
    return waits('Normal', 'FailedBinding', 'no persistent volumes available for this claim and no storage class is set')
  }
  if (storageClass === undefined) {
    return waits('Warning', 'ProvisioningFailed', `storageclass.storage.k8s.io "${className}" not found`)
  }
  const { provisioner } = storageClass
  if (provisioner === NO_PROVISIONER) {
    const cure = `create a PersistentVolume of the class "${className}" that is large enough`
    return waits('Warning', 'ProvisioningFailed', `no volume plugin matched name: ${NO_PROVISIONER}: ${cure}`)
  }
  if (provisioner === LOCAL_PROVISIONER) return { type: 'wait', provisioner }
  const message =
    `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. ` +
    'If volume creation is delayed, please verify that the provisioner is running and correctly registered.'
  return { type: 'wait', provisioner, say: { type: 'Normal', reason: 'ExternalProvisioning', message } }
}

function waits(type: Said['type'], reason: string, message: string): ClaimStep {
  return { type: 'wait', say: { type, reason, message } }
}

function lost(reason: string, message: string): ClaimStep {
  return { type: 'lose', say: { type: 'Warning', reason, message } }
}

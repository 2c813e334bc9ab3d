/** Claims and volumes as scheduler, controllers and agent see them: names that pass between them, and what suits what. */

import { labelSelectorMatches } from './label-selectors.ts'
import { type NodeSelectorTerm, nodeMatchesAnyTerm } from './node-selectors.ts'
import { isControlledBy } from './owners.ts'
import { compareQuantities, quantityToBytes } from './quantity.ts'
import type { Node, PersistentVolume, PersistentVolumeClaim, Pod, StorageClass, Volume } from './types.ts'

/** On a claim: it was bound once, for good. */
export const BIND_COMPLETED = 'pv.kubernetes.io/bind-completed'
/** On a claim or a volume: the other side was chosen by a controller, and may be taken back. */
export const BOUND_BY_CONTROLLER = 'pv.kubernetes.io/bound-by-controller'
/** On a volume: who made it. */
export const PROVISIONED_BY = 'pv.kubernetes.io/provisioned-by'
/** On a claim: the node of its first pod, chosen by the scheduler. */
export const SELECTED_NODE = 'volume.kubernetes.io/selected-node'
/** On a claim: who is to make its volume. */
export const STORAGE_PROVISIONER = 'volume.kubernetes.io/storage-provisioner'
export const PVC_PROTECTION = 'kubernetes.io/pvc-protection'
export const PV_PROTECTION = 'kubernetes.io/pv-protection'
export const VAC_PROTECTION = 'kubernetes.io/vac-protection'

/** The built-in provisioner: a directory on the node of the claim's first pod. */
export const LOCAL_PROVISIONER = 'skiff.dev/local'
/** Classes whose volumes are made by hand. */
export const NO_PROVISIONER = 'kubernetes.io/no-provisioner'
/** On a volume of ours: the node that holds its directory, so that its agent can ask for those alone. */
export const VOLUME_NODE_LABEL = 'skiff.dev/volume-node'
/** On a volume of ours, until the agent has removed its directory. */
export const LOCAL_DATA_FINALIZER = 'skiff.dev/local-data'
/** On a volume of ours: the directory was made, so that it is never mistaken for an empty one should it vanish. */
export const DIRECTORY_MADE = 'skiff.dev/directory-made'
/** On a node: where its volumes lie, and how much all of them may hold together. */
export const VOLUMES_DIRECTORY = 'skiff.dev/volumes-directory'
export const VOLUMES_CAPACITY = 'skiff.dev/volumes-capacity'

const BETA_STORAGE_CLASS = 'volume.beta.kubernetes.io/storage-class'
const DEFAULT_CLASS = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class']
const DEFAULT_MODE = 'Filesystem'

export interface PodClaim {
  readonly volume: Volume
  /** In the pod's namespace. */
  readonly claimName: string
  /** The claim is made for this pod, and goes with it. */
  readonly ephemeral: boolean
}

/** The claims that a pod's volumes name, those of generic ephemeral volumes included. */
export function podClaims(pod: Pod): PodClaim[] {
  return (pod.spec.volumes ?? []).flatMap((volume): PodClaim[] => {
    const { persistentVolumeClaim, ephemeral, name } = volume
    if (persistentVolumeClaim) return [{ volume, claimName: persistentVolumeClaim.claimName, ephemeral: false }]
    return ephemeral ? [{ volume, claimName: `${pod.metadata.name}-${name}`, ephemeral: true }] : []
  })
}

/** What is wrong with the claim that a generic ephemeral volume found under its name. */
export function ephemeralClaimProblem(pod: Pod, claim: PersistentVolumeClaim): string | undefined {
  if (isControlledBy(claim, pod)) return undefined
  const { namespace, name } = claim.metadata
  return `PVC ${namespace}/${name} was not created for pod ${pod.metadata.namespace}/${pod.metadata.name} (pod is not owner)`
}

/** '' when it has none. */
export function storageClassOf({ metadata, spec }: PersistentVolumeClaim | PersistentVolume): string {
  return metadata.annotations?.[BETA_STORAGE_CLASS] ?? spec.storageClassName ?? ''
}

/** Names of the VolumeAttributesClasses that a claim asks for, has, or is being given. */
export function claimAttributesClasses({ spec, status }: PersistentVolumeClaim): string[] {
  return [
    spec.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ].filter((name): name is string => Boolean(name))
}

/** The class of claims that name none: the newest of those that are marked so; of equals the first by name. */
export function defaultStorageClass(classes: readonly StorageClass[]): StorageClass | undefined {
  const marked = classes.filter(({ metadata }) => DEFAULT_CLASS.some((name) => metadata.annotations?.[name] === 'true'))
  return marked.toSorted((a, b) => {
    const age = b.metadata.creationTimestamp.localeCompare(a.metadata.creationTimestamp)
    return age === 0 ? a.metadata.name.localeCompare(b.metadata.name) : age
  })[0]
}

export function waitsForFirstConsumer(storageClass: StorageClass | undefined): boolean {
  return storageClass?.volumeBindingMode === 'WaitForFirstConsumer'
}

/** Both sides agree, for good. */
export function claimIsBound({ metadata, spec }: PersistentVolumeClaim): boolean {
  return Boolean(spec.volumeName) && metadata.annotations?.[BIND_COMPLETED] !== undefined
}

/** The volume names this claim: by uid, or, as long as nobody has filled that in, by name alone. */
export function volumeIsFor({ spec }: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  const { claimRef } = spec
  if (claimRef?.name !== metadata.name || claimRef.namespace !== metadata.namespace) return false
  return !claimRef.uid || claimRef.uid === metadata.uid
}

/** Why the volume can't serve the claim though the claim, or the volume itself, names the other; in upstream's words. */
export function volumeMismatch(volume: PersistentVolume, claim: PersistentVolumeClaim): string | undefined {
  if (!isLargeEnough(volume, claim)) return 'requested PV is too small'
  if (storageClassOf(volume) !== storageClassOf(claim)) return 'storageClassName does not match'
  if (modeOf(volume) !== modeOf(claim)) return 'incompatible volumeMode'
  return hasAccessModes(volume, claim) ? undefined : 'incompatible accessMode'
}

/** The volume that was reserved for the claim by name and is as large as it asks. */
export function reservedVolume(claim: PersistentVolumeClaim, volumes: Iterable<PersistentVolume>): PersistentVolume | undefined {
  for (const volume of volumes) {
    const fits = !volume.metadata.deletionTimestamp && isLargeEnough(volume, claim) && modeOf(volume) === modeOf(claim)
    if (fits && volumeIsFor(volume, claim)) return volume
  }
  return undefined
}

/** The smallest volume that is free and suits the claim; with a node: of those that can be used there. */
export function smallestVolume(
  claim: PersistentVolumeClaim,
  volumes: Iterable<PersistentVolume>,
  node?: Node,
): PersistentVolume | undefined {
  let best: PersistentVolume | undefined
  for (const volume of volumes) {
    if (!isFree(volume) || !isSelected(volume, claim) || volumeMismatch(volume, claim) !== undefined) continue
    if (node && !volumeReachesNode(volume, node)) continue
    if (best === undefined || compareQuantities(sizeOf(volume), sizeOf(best)) < 0) best = volume
  }
  return best
}

/** Whether the volume's node affinity allows this node. */
export function volumeReachesNode({ spec }: PersistentVolume, node: Node): boolean {
  const terms = spec.nodeAffinity?.required?.nodeSelectorTerms as NodeSelectorTerm[] | undefined
  return terms === undefined || nodeMatchesAnyTerm(node, terms)
}

/** What the claim asks for, as a quantity. */
export function requestOf({ spec }: PersistentVolumeClaim): string | number {
  return spec.resources?.requests?.storage ?? '0'
}

/** How much the volume holds, as a quantity. */
export function sizeOf({ spec }: PersistentVolume): string | number {
  return spec.capacity?.storage ?? '0'
}

function isLargeEnough(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  return compareQuantities(sizeOf(volume), requestOf(claim)) >= 0
}

function isFree({ metadata, spec, status }: PersistentVolume): boolean {
  return !spec.claimRef && !metadata.deletionTimestamp && status?.phase === 'Available'
}

function isSelected({ metadata }: PersistentVolume, { spec }: PersistentVolumeClaim): boolean {
  return spec.selector === undefined || labelSelectorMatches(spec.selector, metadata.labels)
}

function hasAccessModes(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const offered: readonly string[] = volume.spec.accessModes ?? []
  return (claim.spec.accessModes ?? []).every((mode) => offered.includes(mode))
}

function modeOf({ spec }: PersistentVolume | PersistentVolumeClaim): string {
  return spec.volumeMode ?? DEFAULT_MODE
}

/**
 * How many bytes the built-in provisioner may still promise on a node.
 * @param volumes those that it made there
 */
export function volumesBytesFree(node: Node, volumes: readonly PersistentVolume[]): bigint {
  const capacity = quantityToBytes(node.metadata.annotations?.[VOLUMES_CAPACITY] ?? '0')
  return volumes.reduce((free, volume) => free - quantityToBytes(sizeOf(volume)), capacity)
}

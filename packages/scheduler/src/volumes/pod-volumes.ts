import {
  claimIsBound,
  compareQuantities,
  ephemeralClaimProblem,
  LOCAL_PROVISIONER,
  NO_PROVISIONER,
  type Node,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  podClaims,
  quantityToBytes,
  requestOf,
  SELECTED_NODE,
  type StorageClass,
  smallestVolume,
  storageClassOf,
  VOLUMES_DIRECTORY,
  volumeReachesNode,
  waitsForFirstConsumer,
} from '@skiff/api'

/** The claims, volumes and classes as one decision sees them. */
export interface VolumeCatalog {
  claim(key: string): PersistentVolumeClaim | undefined
  volume(name: string): PersistentVolume | undefined
  storageClass(name: string): StorageClass | undefined
  /** Those of a class that nobody has, or is about to have. */
  freeVolumes(storageClass: string): readonly PersistentVolume[]
  /** What the built-in provisioner may still promise on a node. */
  bytesFree(node: Node): bigint
  /** Whether another pod that has a node uses the claim. */
  isInUse(claimKey: string, byOtherThan: Pod): boolean
}

/** A claim whose volume is to be chosen, or made, together with the node. */
export interface OpenClaim {
  readonly claim: PersistentVolumeClaim
  readonly storageClass: StorageClass
  readonly candidates: readonly PersistentVolume[]
}

/** What a pod's volumes ask of its node. */
export interface PodVolumes {
  /** Why it can run nowhere as things are, and what helps. */
  readonly problem?: { readonly reason: string; readonly cure: string }
  readonly bound: readonly PersistentVolume[]
  readonly open: readonly OpenClaim[]
  /** A ReadWriteOncePod claim that another pod has. */
  readonly takenClaim?: string
  readonly bytesFree: (node: Node) => bigint
}

/** What was decided for an open claim: a volume that is there, or that one is made. */
export interface VolumeChoice {
  readonly claim: PersistentVolumeClaim
  readonly volume: PersistentVolume | undefined
}

export const NODE_CONFLICT = 'node(s) had volume node affinity conflict'
export const NOTHING_TO_BIND = "node(s) didn't find available persistent volumes to bind"
export const NO_SPACE = 'node(s) did not have enough free storage'

/** undefined: the pod has no claims. Pure. */
export function podVolumes(pod: Pod, catalog: VolumeCatalog): PodVolumes | undefined {
  const claims = podClaims(pod)
  if (claims.length === 0) return undefined
  const bound: PersistentVolume[] = []
  const open: OpenClaim[] = []
  let takenClaim: string | undefined
  const bytesFree = (node: Node) => catalog.bytesFree(node)
  for (const { claimName, ephemeral } of claims) {
    const key = `${pod.metadata.namespace}/${claimName}`
    const found = catalog.claim(key)
    const problem = found ? claimProblem(found, ephemeral ? pod : undefined) : missing(claimName, ephemeral)
    if (problem || !found) return { ...(problem ? { problem } : {}), bound, open, bytesFree }
    const placed = place(found, catalog)
    if ('problem' in placed) return { ...placed, bound, open, bytesFree }
    if ('volume' in placed) bound.push(placed.volume)
    else open.push(placed)
    if (found.spec.accessModes?.includes('ReadWriteOncePod') && catalog.isInUse(key, pod)) takenClaim = claimName
  }
  return { bound, open: open.toSorted(bySize), bytesFree, ...(takenClaim === undefined ? {} : { takenClaim }) }
}

type Problem = NonNullable<PodVolumes['problem']>

function missing(name: string, ephemeral: boolean): Problem {
  if (!ephemeral) {
    return { reason: `persistentvolumeclaim "${name}" not found`, cure: 'Create it, or correct the name in the pod’s volumes.' }
  }
  const reason = `waiting for ephemeral volume controller to create the persistentvolumeclaim "${name}"`
  return { reason, cure: 'It comes by itself; `kubectl describe pod` says so if it can’t.' }
}

function claimProblem(claim: PersistentVolumeClaim, owner: Pod | undefined): Problem | undefined {
  const { name, deletionTimestamp } = claim.metadata
  if (claim.status?.phase === 'Lost') {
    const reason = `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${claim.spec.volumeName ?? ''}"`
    return { reason, cure: 'Delete the claim and make it anew: its data is lost.' }
  }
  if (deletionTimestamp)
    return { reason: `persistentvolumeclaim "${name}" is being deleted`, cure: 'Make a new one when it is gone.' }
  const foreign = owner && ephemeralClaimProblem(owner, claim)
  return foreign ? { reason: foreign, cure: 'Delete that claim, or rename the pod or its volume.' } : undefined
}

function place(
  claim: PersistentVolumeClaim,
  catalog: VolumeCatalog,
): { readonly problem: Problem } | { readonly volume: PersistentVolume } | OpenClaim {
  const { volumeName } = claim.spec
  if (volumeName && claimIsBound(claim)) {
    const volume = catalog.volume(volumeName)
    if (volume) return { volume }
    const reason = 'node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)'
    return { problem: { reason, cure: `The volume ${volumeName} of the claim ${claim.metadata.name} is gone.` } }
  }
  const storageClass = catalog.storageClass(storageClassOf(claim))
  if (volumeName || !storageClass || !waitsForFirstConsumer(storageClass)) {
    const cure = `\`kubectl describe pvc ${claim.metadata.name}\` says what its claim waits for.`
    return { problem: { reason: 'pod has unbound immediate PersistentVolumeClaims', cure } }
  }
  return { claim, storageClass, candidates: catalog.freeVolumes(storageClass.metadata.name) }
}

/** The smallest first, so that it doesn't take the volume that a larger one needs. */
function bySize(a: OpenClaim, b: OpenClaim): number {
  return compareQuantities(requestOf(a.claim), requestOf(b.claim))
}

/** How the pod's open claims are served on this node; or upstream's words for why its volumes keep it from there. Pure. */
export function chooseVolumes({ bound, open, bytesFree }: PodVolumes, node: Node): readonly VolumeChoice[] | string {
  if (!bound.every((volume) => volumeReachesNode(volume, node))) return NODE_CONFLICT
  const choices: VolumeChoice[] = []
  const taken = new Set<PersistentVolume>()
  let promised = 0n
  for (const { claim, storageClass, candidates } of open) {
    const selected = claim.metadata.annotations?.[SELECTED_NODE]
    const volume =
      selected === undefined
        ? smallestVolume(
            claim,
            candidates.filter((candidate) => !taken.has(candidate)),
            node,
          )
        : undefined
    if (volume) taken.add(volume)
    else if (!canProvision(storageClass, node) || (selected ?? node.metadata.name) !== node.metadata.name) return NOTHING_TO_BIND
    else if (selected === undefined && storageClass.provisioner === LOCAL_PROVISIONER) {
      promised += quantityToBytes(requestOf(claim))
      if (promised > bytesFree(node)) return NO_SPACE
    }
    choices.push({ claim, volume })
  }
  return choices
}

function canProvision(storageClass: StorageClass, node: Node): boolean {
  if (storageClass.provisioner === NO_PROVISIONER) return false
  if (storageClass.provisioner === LOCAL_PROVISIONER && node.metadata.annotations?.[VOLUMES_DIRECTORY] === undefined) return false
  const { allowedTopologies = [] } = storageClass
  const labels = node.metadata.labels ?? {}
  const allows = (term: (typeof allowedTopologies)[number]) =>
    (term.matchLabelExpressions ?? []).every(({ key, values }) => values.includes(labels[key] ?? ''))
  return allowedTopologies.length === 0 || allowedTopologies.some(allows)
}

import {
  ephemeralClaimProblem,
  isNotFound,
  type Node,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  type PodClaim,
  pathOf,
  volumeReachesNode,
} from '@skiff/api'
import type { ApiClient } from '@skiff/client'
import type { LastAnswers } from '../objects/last-answers.ts'
import { MountError } from './volume-errors.ts'

export interface VolumeClaimsOptions {
  readonly client: ApiClient
  readonly answers: LastAnswers
  /** This node, as the API has it. */
  readonly node: () => Node | undefined
}

/** From a pod's claims to the volumes that are bound to them. */
export class VolumeClaims {
  readonly #options: VolumeClaimsOptions

  constructor(options: VolumeClaimsOptions) {
    this.#options = options
  }

  /**
   * The volume of a claim that this pod may use here. Throws MountError, in the kubelet's words.
   * @param isMade the pod has it already: it keeps it though the claim is being deleted
   */
  async volumeOf(pod: Pod, podClaim: PodClaim, isMade: boolean): Promise<PersistentVolume> {
    const claim = await this.#claim(pod, podClaim)
    const problem =
      claimProblem(pod, podClaim, claim) ?? (claim.metadata.deletionTimestamp && !isMade ? 'PVC is being deleted' : '')
    if (problem) throw unprocessed(pod, podClaim, problem)
    const name = claim.spec.volumeName ?? ''
    const volume = await this.#get<PersistentVolume>(pod, PERSISTENT_VOLUMES, { name })
    if (volume === undefined) throw unprocessed(pod, podClaim, `failed to fetch PV ${name} from API server: not found`)
    if (volume.spec.claimRef?.uid !== claim.metadata.uid) throw unprocessed(pod, podClaim, `PV ${name} is not bound to it`)
    this.#checkNode(volume)
    checkMode(pod, podClaim, volume)
    return volume
  }

  async #claim(pod: Pod, podClaim: PodClaim): Promise<PersistentVolumeClaim> {
    const { namespace = '' } = pod.metadata
    const name = podClaim.claimName
    const claim = await this.#get<PersistentVolumeClaim>(pod, PERSISTENT_VOLUME_CLAIMS, { namespace, name })
    if (claim !== undefined) return claim
    throw unprocessed(pod, podClaim, `failed to fetch PVC from API server: persistentvolumeclaims "${name}" not found`)
  }

  async #get<T>(pod: Pod, info: typeof PERSISTENT_VOLUMES, ref: { readonly name: string; readonly namespace?: string }) {
    const { answers, client } = this.#options
    try {
      return await answers.ask(pod.metadata.uid, pathOf(info, ref.namespace, ref.name), () => client.get<T>(info, ref))
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  #checkNode(volume: PersistentVolume): void {
    const node = this.#options.node()
    if (node === undefined || volumeReachesNode(volume, node)) return
    const { name } = volume.metadata
    const cure = "the volume's nodeAffinity says on which nodes it is: let the scheduler place the pod there"
    throw new MountError(`MountVolume.NodeAffinity check failed for volume "${name}" : no matching NodeSelectorTerms: ${cure}`)
  }
}

function claimProblem(pod: Pod, { ephemeral }: PodClaim, claim: PersistentVolumeClaim): string | undefined {
  const foreign = ephemeral ? ephemeralClaimProblem(pod, claim) : undefined
  if (foreign !== undefined) return foreign
  return claim.status?.phase === 'Bound' && claim.spec.volumeName ? undefined : 'PVC is not bound'
}

function checkMode(pod: Pod, podClaim: PodClaim, { spec }: PersistentVolume): void {
  const { name } = podClaim.volume
  const containers = [...(pod.spec.initContainers ?? []), ...pod.spec.containers]
  const isBlock = spec.volumeMode === 'Block'
  const wrongUses = containers.flatMap(({ volumeMounts = [], volumeDevices = [] }) =>
    (isBlock ? volumeMounts : volumeDevices).map((use) => use.name),
  )
  if (!wrongUses.includes(name)) return
  const [has, field] = isBlock ? ['Block', 'volumeMounts'] : ['Filesystem', 'volumeDevices']
  throw unprocessed(pod, podClaim, `volume ${name} has volumeMode ${has}, but is specified in ${field}`)
}

function unprocessed(pod: Pod, { volume, claimName }: PodClaim, why: string): MountError {
  const lists = `unmounted volumes=[${volume.name}], unattached volumes=[], failed to process volumes=[${volume.name}]`
  const key = `${pod.metadata.namespace}/${claimName}`
  return new MountError(`Unable to attach or mount volumes: ${lists}: error processing PVC ${key}: ${why}`)
}

import {
  keyOf,
  type Node,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  quantityToBytes,
  requestOf,
  SELECTED_NODE,
  STORAGE_CLASSES,
  type StorageClass,
  storageClassOf,
  VOLUME_NODE_LABEL,
  volumesBytesFree,
} from '@skiff/api'
import { type ApiClient, createInformer, type Informer, type Log } from '@skiff/client'
import type { VolumeCatalog, VolumeChoice } from './pod-volumes.ts'

export interface VolumeStateOptions {
  readonly client: ApiClient
  readonly logger: Log
  readonly signal: AbortSignal
  /** Whether another pod that has a node, or as good as has one, uses the claim. */
  readonly isInUse: (claimKey: string, byOtherThan: Pod) => boolean
}

/**
 * Claims, volumes and classes as the API shows them, with what was just decided laid over: until the API shows that too, no
 * other pod gets the same volume, or the same room.
 */
export class VolumeState implements VolumeCatalog {
  readonly claims: Informer<PersistentVolumeClaim>
  readonly volumes: Informer<PersistentVolume>
  readonly storageClasses: Informer<StorageClass>
  readonly isInUse: (claimKey: string, byOtherThan: Pod) => boolean
  /** By volume: key of the claim that is to have it. */
  readonly #assumedVolumes = new Map<string, string>()
  /** By claim: the node on which its volume is to be made. */
  readonly #assumedNodes = new Map<string, string>()

  constructor({ client, logger, signal, isInUse }: VolumeStateOptions) {
    const options = { logger, signal }
    this.isInUse = isInUse
    this.claims = createInformer<PersistentVolumeClaim>(client, PERSISTENT_VOLUME_CLAIMS, {
      ...options,
      indexes: {
        /** The node that was chosen for a volume that is made for it. */
        node: ({ metadata }) => [metadata.annotations?.[SELECTED_NODE] ?? []].flat(),
      },
    })
    this.volumes = createInformer<PersistentVolume>(client, PERSISTENT_VOLUMES, {
      ...options,
      indexes: {
        free: (volume) => (volume.spec.claimRef ? [] : [storageClassOf(volume)]),
        node: ({ metadata }) => {
          const node = metadata.labels?.[VOLUME_NODE_LABEL]
          return node === undefined ? [] : [node]
        },
      },
    })
    this.storageClasses = createInformer<StorageClass>(client, STORAGE_CLASSES, options)
  }

  get informers() {
    return [this.claims, this.volumes, this.storageClasses] as const
  }

  claim(key: string): PersistentVolumeClaim | undefined {
    return this.claims.get(key)
  }

  volume(name: string): PersistentVolume | undefined {
    return this.volumes.get(name)
  }

  storageClass(name: string): StorageClass | undefined {
    return this.storageClasses.get(name)
  }

  freeVolumes(storageClass: string): readonly PersistentVolume[] {
    return this.volumes.byIndex('free', storageClass).filter(({ metadata }) => !this.#assumedVolumes.has(metadata.name))
  }

  bytesFree(node: Node): bigint {
    const { name } = node.metadata
    const made = this.volumes.byIndex('node', name)
    const served = new Set(made.map(({ spec }) => spec.claimRef?.uid))
    const free = volumesBytesFree(node, made)
    return this.#claimsComingTo(name)
      .filter((claim) => !served.has(claim.metadata.uid) && this.#isUnserved(claim))
      .reduce((left, claim) => left - quantityToBytes(requestOf(claim)), free)
  }

  #claimsComingTo(node: string): PersistentVolumeClaim[] {
    const shown = this.claims.byIndex('node', node)
    const assumed = [...this.#assumedNodes].filter(([, chosen]) => chosen === node).flatMap(([key]) => this.claims.get(key) ?? [])
    return [...new Set([...shown, ...assumed])]
  }

  /** Claims and volumes are watched apart: a claim may be seen bound before its volume is seen at all. */
  #isUnserved({ spec, status }: PersistentVolumeClaim): boolean {
    return status?.phase !== 'Lost' && (!spec.volumeName || this.volumes.get(spec.volumeName) === undefined)
  }

  assume(choices: readonly VolumeChoice[], node: string): void {
    for (const { claim, volume } of choices) {
      if (volume) this.#assumedVolumes.set(volume.metadata.name, keyOf(claim))
      else this.#assumedNodes.set(keyOf(claim), node)
    }
  }

  forget(choices: readonly VolumeChoice[]): void {
    for (const { claim, volume } of choices) {
      if (volume) this.#assumedVolumes.delete(volume.metadata.name)
      else this.#assumedNodes.delete(keyOf(claim))
    }
  }
}

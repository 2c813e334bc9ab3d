import { isAlreadyExists, isConflict, isNotFound, type Node, PODS, type Pod } from '@skiff/api'
import type { ApiClient, Log } from '@skiff/client'

const MIRROR = 'kubernetes.io/config.mirror'

export interface MirrorPodsOptions {
  readonly client: ApiClient
  readonly node: () => Node | undefined
  readonly logger: Log
  readonly signal: AbortSignal
}

const TRY_AGAIN_MS = 10_000

export function isMirror({ metadata }: Pod): boolean {
  return metadata.annotations?.[MIRROR] !== undefined
}

export function nameOf({ metadata }: Pod): string {
  return `${metadata.namespace}/${metadata.name}`
}

/**
 * Keeps an object in the API for each static pod that runs, for people to see and for the scheduler to count: one that is deleted
 * or is of an earlier run is replaced, one without its pod goes.
 */
export class MirrorPods {
  readonly #options: MirrorPodsOptions
  readonly #mirrors = new Map<string, Pod>()
  /** Of runs that are over, by uid: the next run of the same pod has another. */
  readonly #retired = new Set<string>()
  #wanted = new Map<string, Pod>()
  #work: Promise<void> = Promise.resolve()

  constructor(options: MirrorPodsOptions) {
    this.#options = options
  }

  /** The mirror of a static pod, once the API shows it. */
  of(pod: Pod): Pod | undefined {
    const mirror = this.#mirrors.get(nameOf(pod))
    if (mirror === undefined || this.#retired.has(mirror.metadata.uid)) return undefined
    return hashOf(mirror) === pod.metadata.uid ? mirror : undefined
  }

  /** The pod's run is over, and so is its mirror. */
  retire(pod: Pod): void {
    const mirror = this.of(pod)
    if (mirror !== undefined) this.#retired.add(mirror.metadata.uid)
  }

  want(pods: Iterable<Pod>): void {
    this.#wanted = new Map([...pods].map((pod) => [nameOf(pod), pod]))
    for (const name of new Set([...this.#wanted.keys(), ...this.#mirrors.keys()])) this.#see(name)
  }

  shown(mirror: Pod): void {
    this.#mirrors.set(nameOf(mirror), mirror)
    this.#see(nameOf(mirror))
  }

  gone(mirror: Pod): void {
    this.#retired.delete(mirror.metadata.uid)
    if (this.#mirrors.get(nameOf(mirror))?.metadata.uid === mirror.metadata.uid) this.#mirrors.delete(nameOf(mirror))
    this.#see(nameOf(mirror))
  }

  #see(name: string): void {
    const { logger, signal } = this.#options
    if (signal.aborted) return
    this.#work = this.#work
      .then(() => this.#mend(name))
      .catch((error: unknown) => {
        logger.warn({ pod: name, err: error }, 'mirror pod is not as it should be, trying again')
        setTimeout(() => this.#see(name), TRY_AGAIN_MS).unref()
      })
  }

  async #mend(name: string): Promise<void> {
    const wanted = this.#wanted.get(name)
    const mirror = this.#mirrors.get(name)
    if (mirror === undefined) {
      if (wanted !== undefined) await this.#create(wanted)
    } else if (wanted === undefined || this.of(wanted) !== mirror || mirror.metadata.deletionTimestamp) {
      await this.#remove(mirror)
    }
  }

  async #create(pod: Pod): Promise<void> {
    const { client, node } = this.#options
    const { name, namespace = '', labels, annotations } = pod.metadata
    const owner = node()
    const ownerReferences = owner
      ? [{ apiVersion: 'v1', kind: 'Node', name: owner.metadata.name, uid: owner.metadata.uid, controller: true }]
      : []
    const metadata = { name, namespace, labels, annotations: { ...annotations, [MIRROR]: pod.metadata.uid }, ownerReferences }
    await client.create<Pod>(PODS, { metadata, spec: pod.spec } as never).catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error
    })
  }

  async #remove({ metadata: { name, namespace = '', uid } }: Pod): Promise<void> {
    const { client } = this.#options
    await client.delete(PODS, { name, namespace }, { gracePeriodSeconds: 0, uid }).catch((error: unknown) => {
      if (!isNotFound(error) && !isConflict(error)) throw error
    })
  }
}

function hashOf({ metadata }: Pod): string | undefined {
  return metadata.annotations?.[MIRROR]
}

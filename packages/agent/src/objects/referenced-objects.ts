import {
  CONFIG_MAPS,
  type ConfigMap,
  isNotFound,
  type KindInfo,
  type ObjectMeta,
  type Pod,
  SECRETS,
  type Secret,
} from '@skiff/api'
import { type ApiClient, createInformer, type Informer, type Log, type Snapshot } from '@skiff/client'
import type { ConfigSource } from '../containers/environment.ts'
import type { LastAnswers } from './last-answers.ts'
import { podReferences } from './pod-references.ts'

/** A pod that starts waits so long for the first look at an object. */
const FIRST_LOOK_TIMEOUT_MS = 5_000

const KINDS: Readonly<Record<'ConfigMap' | 'Secret', KindInfo>> = { ConfigMap: CONFIG_MAPS, Secret: SECRETS }

export interface ReferencedObjectsOptions {
  readonly client: ApiClient
  readonly answers: LastAnswers
  readonly logger: Log
  readonly onChange: (podUid: string) => void
}

interface Watched {
  readonly informer: Informer<ConfigMap | Secret>
  readonly users: Set<string>
  readonly stop: AbortController
}

type WatchedKind = keyof typeof KINDS

/**
 * The ConfigMaps and Secrets that pods of this node use, each followed by a watch of its own as long as a pod uses it and it
 * can change: a node may read no others.
 */
export class ReferencedObjects implements ConfigSource {
  readonly #client: ApiClient
  readonly #answers: LastAnswers
  readonly #logger: Log
  readonly #changed: (podUid: string) => void
  readonly #watched = new Map<string, Watched>()

  constructor(options: ReferencedObjectsOptions) {
    this.#client = options.client
    this.#answers = options.answers
    this.#logger = options.logger
    this.#changed = options.onChange
  }

  /** Follows what this pod names from now on. */
  retain(pod: Pod): void {
    for (const { kind, name } of podReferences(pod)) {
      const key = keyOf(kind, pod.metadata.namespace ?? '', name)
      const watched = this.#watched.get(key) ?? this.#watch(key, kind, pod.metadata.namespace ?? '', name)
      watched.users.add(pod.metadata.uid)
      const known = this.#answers.recall(key)
      if (known !== undefined) this.#answers.remember(pod.metadata.uid, key, known)
    }
  }

  release(podUid: string): void {
    for (const [key, watched] of this.#watched) {
      if (!watched.users.delete(podUid) || watched.users.size > 0) continue
      watched.stop.abort()
      this.#watched.delete(key)
    }
  }

  async configMap(namespace: string, name: string): Promise<ConfigMap | undefined> {
    return await this.#read<ConfigMap>('ConfigMap', namespace, name)
  }

  async secret(namespace: string, name: string): Promise<Secret | undefined> {
    return await this.#read<Secret>('Secret', namespace, name)
  }

  close(): void {
    for (const { stop } of this.#watched.values()) stop.abort()
    this.#watched.clear()
  }

  #watch(key: string, kind: WatchedKind, namespace: string, name: string): Watched {
    const stop = new AbortController()
    const users = new Set<string>()
    const informer = createInformer<ConfigMap | Secret>(this.#client, KINDS[kind], {
      namespace,
      fieldSelector: `metadata.name=${name}`,
      snapshot: this.#snapshot(key, users),
      logger: this.#logger,
      signal: stop.signal,
    })
    const watched = { informer, users, stop }
    informer.onChange(() => {
      for (const uid of users) this.#changed(uid)
    })
    // What will never change isn't watched any further: from then on it is what it was, as a kubelet has it.
    informer.onChange(() => void informer.current.then(() => isImmutable(informer) && stop.abort()).catch(() => undefined))
    informer.start()
    if (this.#answers.isAway) void informer.restore()
    this.#watched.set(key, watched)
    return watched
  }

  /** That an object isn't there is known as well (`null`): an optional one keeps no pod waiting. */
  #snapshot(key: string, users: ReadonlySet<string>): Snapshot<ConfigMap | Secret> {
    return {
      load: async () => {
        const known = this.#answers.recall<ConfigMap | Secret | null>(key)
        return known === undefined ? undefined : [known].filter((one) => one !== null)
      },
      save: (list) => {
        for (const uid of users) this.#answers.remember(uid, key, list()[0] ?? null)
      },
    }
  }

  async #read<T extends { metadata: ObjectMeta }>(kind: WatchedKind, namespace: string, name: string): Promise<T | undefined> {
    const watched = this.#watched.get(keyOf(kind, namespace, name))
    if (watched !== undefined && (await syncedInTime(watched.informer))) {
      return watched.informer.get(`${namespace}/${name}`) as T | undefined
    }
    try {
      return await this.#client.get<T>(KINDS[kind], { namespace, name })
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }
}

function isImmutable(informer: Informer<ConfigMap | Secret>): boolean {
  return informer.list()[0]?.immutable === true
}

async function syncedInTime(informer: Informer<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), FIRST_LOOK_TIMEOUT_MS)
  })
  const synced = informer.synced.then(
    () => true,
    () => false,
  )
  return await Promise.race([synced, late]).finally(() => clearTimeout(timer))
}

function keyOf(kind: string, namespace: string, name: string): string {
  return `${kind}/${namespace}/${name}`
}

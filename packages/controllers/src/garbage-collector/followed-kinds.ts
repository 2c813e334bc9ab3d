import { setTimeout as sleep } from 'node:timers/promises'
import { apiVersionOf, CUSTOM_RESOURCE_DEFINITIONS, type KindInfo, type ObjectMeta } from '@skiff/api'
import { createInformer, type Informer, type InformerChange } from '@skiff/client'
import type { ControllerContext } from '../shared/context.ts'
import { type DiscoveredKind, discoverKinds } from '../shared/discovery.ts'
import { sharedInformersByKind } from './shared-informers-by-kind.ts'

const DISCOVERY_RETRY_MS = 1_000

export interface HasMetadata {
  readonly metadata: ObjectMeta
}

interface Listener {
  readonly observe: (kind: KindInfo, change: InformerChange<HasMetadata>) => void
  /** The kind is gone, and with it all its objects. */
  readonly forget: (kind: KindInfo) => void
}

interface Followed {
  readonly kind: DiscoveredKind
  readonly stop: () => void
}

/** Follows the objects of every kind that can be collected, custom kinds as they come and go. */
export class FollowedKinds {
  readonly #context: ControllerContext
  readonly #listener: Listener
  readonly #followed = new Map<string, Followed>()
  #kinds: readonly DiscoveredKind[] = []
  #discovering: Promise<readonly Informer<HasMetadata>[]> | undefined
  #again = false

  constructor(context: ControllerContext, listener: Listener) {
    this.#context = context
    this.#listener = listener
  }

  /** Resolves with true once all objects that were there were read, with false when the signal aborts before. */
  async synced(): Promise<boolean> {
    try {
      const informers = await this.#discover()
      await Promise.all(informers.map((informer) => informer.synced))
      return !this.#context.signal.aborted
    } catch {
      return false
    }
  }

  /** In whatever version. */
  named(apiVersion: string, kind: string): DiscoveredKind | undefined {
    const [group] = apiVersion.split('/')
    return this.#kinds.find((one) => one.kind === kind && group === apiVersionOf(one).split('/')[0])
  }

  /** One at a time; what is asked for meanwhile is done once more at the end. */
  async #discover(): Promise<readonly Informer<HasMetadata>[]> {
    if (this.#discovering !== undefined) {
      this.#again = true
      return await this.#discovering
    }
    this.#discovering = this.#discoverOnce()
    const informers = await this.#discovering
    this.#discovering = undefined
    if (this.#again) {
      this.#again = false
      void this.#discover()
    }
    return informers
  }

  /** Resolves with the informers that are new. */
  async #discoverOnce(): Promise<readonly Informer<HasMetadata>[]> {
    const { client, signal } = this.#context
    while (!signal.aborted) {
      try {
        const { kinds, failures } = await discoverKinds(client)
        // Of a group that can't be asked nothing is known: what it had is still followed.
        return this.#follow(kinds, failures.length === 0)
      } catch {
        await sleep(DISCOVERY_RETRY_MS, undefined, { signal }).catch(() => undefined)
      }
    }
    return []
  }

  #follow(kinds: readonly DiscoveredKind[], isComplete: boolean): readonly Informer<HasMetadata>[] {
    const isKnown = (kind: DiscoveredKind) => kinds.some((one) => nameOf(one) === nameOf(kind))
    this.#kinds = isComplete ? kinds : [...kinds, ...this.#kinds.filter((kind) => !isKnown(kind))]
    const wanted = new Map(this.#kinds.filter(isCollectable).map((kind) => [nameOf(kind), kind]))
    for (const [name, { kind, stop }] of this.#followed) {
      const now = wanted.get(name)
      if (now !== undefined && now.version === kind.version) continue
      stop()
      this.#followed.delete(name)
      if (now === undefined) this.#listener.forget(kind)
    }
    return [...wanted].filter(([name]) => !this.#followed.has(name)).map(([, kind]) => this.#start(kind))
  }

  #start(kind: DiscoveredKind): Informer<HasMetadata> {
    const { client, logger, signal, informers } = this.#context
    const ended = new AbortController()
    const informer: Informer<HasMetadata> =
      sharedInformersByKind(informers).get(nameOf(kind)) ??
      createInformer<HasMetadata>(client, kind, { metadataOnly: true, logger, signal: AbortSignal.any([signal, ended.signal]) })
    const forgetListener = informer.onChange((change) => {
      this.#listener.observe(kind, change)
      if (kind.resource === CUSTOM_RESOURCE_DEFINITIONS.resource && kind.group === CUSTOM_RESOURCE_DEFINITIONS.group) {
        void this.#discover()
      }
    })
    informer.synced.catch(() => undefined)
    informer.start()
    this.#followed.set(nameOf(kind), {
      kind,
      stop: () => {
        forgetListener()
        ended.abort()
      },
    })
    return informer
  }
}

function nameOf({ group, resource }: KindInfo): string {
  return `${group}/${resource}`
}

/** Events come and go by the thousand and own nothing. */
function isCollectable({ kind, verbs }: DiscoveredKind): boolean {
  return kind !== 'Event' && verbs.has('list') && verbs.has('watch') && verbs.has('delete')
}

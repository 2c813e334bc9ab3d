import { PODS, type Pod } from '@skiff/api'
import type { Store, StoreEvent } from '@skiff/store'
import { prefixOf } from '../../registry/keys.ts'
import type { ObjectReader } from '../../registry/resource-definition.ts'
import { podReferences, type ReferencedKind } from './pod-references.ts'

const PODS_PREFIX = prefixOf(PODS)
const MIRROR_ANNOTATION = 'kubernetes.io/config.mirror'

/** What a pod makes its node see. */
interface KnownPod {
  readonly node: string
  readonly references: readonly string[]
}

export interface NodeGraphOptions {
  readonly objects: ObjectReader
  readonly store: Store
  readonly signal: AbortSignal
}

/**
 * Which objects the pods of each node name. It follows the store pod by pod, so that neither a question nor a change costs more
 * than what it is about; an event has changed it before any client hears of that event.
 */
export class NodeGraph {
  readonly #options: NodeGraphOptions
  readonly #pods = new Map<string, KnownPod>()
  /** node -> reference -> by how many of its pods */
  readonly #nodes = new Map<string, Map<string, number>>()

  constructor(options: NodeGraphOptions) {
    this.#options = options
    this.#follow()
  }

  /** Whether a pod of the node names the object. */
  uses(node: string, kind: ReferencedKind, namespace: string, name: string): boolean {
    return this.#nodes.get(node)?.has(`${kind}/${namespace}/${name}`) === true
  }

  #follow(): void {
    const { objects, store, signal } = this.#options
    const afterRevision = store.revision()
    for (const pod of objects.list<Pod>(PODS)) this.#set(keyOfPod(pod), pod)
    store.watch({
      prefix: PODS_PREFIX,
      afterRevision,
      signal,
      onEvents: (events) => this.#apply(events),
      // Dropped for being slow: everything is read anew.
      onClose: () => {
        if (signal.aborted) return
        this.#pods.clear()
        this.#nodes.clear()
        this.#follow()
      },
    })
  }

  #apply(events: readonly StoreEvent[]): void {
    const keys = new Set(events.map((event) => (event.type === 'put' ? event.entry.key : event.key).slice(PODS_PREFIX.length)))
    for (const key of keys) {
      const [namespace = '', name = ''] = key.split('/')
      this.#set(key, this.#options.objects.get<Pod>(PODS, { namespace, name }))
    }
  }

  #set(key: string, pod: Pod | undefined): void {
    const before = this.#pods.get(key)
    const after = pod && knownPod(pod)
    if (after === undefined) this.#pods.delete(key)
    else this.#pods.set(key, after)
    if (after !== undefined) this.#count(after, 1)
    if (before !== undefined) this.#count(before, -1)
  }

  #count({ node, references }: KnownPod, by: 1 | -1): void {
    const counts = this.#nodes.get(node) ?? new Map<string, number>()
    for (const reference of references) {
      const count = (counts.get(reference) ?? 0) + by
      if (count > 0) counts.set(reference, count)
      else counts.delete(reference)
    }
    if (counts.size > 0) this.#nodes.set(node, counts)
    else this.#nodes.delete(node)
  }
}

function keyOfPod({ metadata }: Pod): string {
  return `${metadata.namespace}/${metadata.name}`
}

/** A mirror pod is made by its node itself, which could name in it whatever it wants to see. */
function knownPod(pod: Pod): KnownPod | undefined {
  const { nodeName } = pod.spec
  if (nodeName === undefined || nodeName === '' || pod.metadata.annotations?.[MIRROR_ANNOTATION] !== undefined) return undefined
  const { namespace } = pod.metadata
  return { node: nodeName, references: podReferences(pod).map(({ kind, name }) => `${kind}/${namespace}/${name}`) }
}

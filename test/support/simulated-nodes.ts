import { NODES, type Node, PODS, type Pod, podIsReady, rfc3339 } from '@skiff/api'
import type { TestApiServer } from '@skiff/apiserver/testing'
import { type ApiClient, createInformer } from '@skiff/client'
import { pino } from 'pino'

export interface SimulatedNodesOptions {
  readonly client: ApiClient
  readonly liveness: Pick<TestApiServer['liveness'], 'beat'>
  readonly nodes: readonly string[]
  /** Images whose containers never become ready. */
  readonly brokenImages?: readonly string[]
}

/**
 * Nodes that only keep up appearances: they beat, say that they and their pods are ready, and let pods go that are
 * being deleted. For tests of everything above the agent.
 */
export class SimulatedNodes implements AsyncDisposable {
  readonly #options: SimulatedNodesOptions
  readonly #abort = new AbortController()
  readonly #alive: Set<string>
  readonly #heart: NodeJS.Timeout
  readonly #writes = new Set<Promise<unknown>>()
  #addresses = 1

  constructor(options: SimulatedNodesOptions) {
    this.#options = options
    this.#alive = new Set(options.nodes)
    this.#heart = setInterval(() => this.#beat(), 1_000)
  }

  async start(): Promise<void> {
    const { client, nodes } = this.#options
    for (const name of nodes) await registerNode(client, name)
    this.#beat()
    const { signal } = this.#abort
    const pods = createInformer<Pod>(client, PODS, { logger: pino({ level: 'silent' }), signal })
    pods.onChange(({ type, object }) => {
      if (type !== 'deleted') this.#own(this.#live(object))
    })
    pods.start()
    await pods.synced
  }

  /** As when the cable is pulled: no heartbeat, no word of its pods. */
  kill(node: string): void {
    this.#alive.delete(node)
  }

  /** As its agent does when it reaches the master again: it beats, and says once more how the node and its pods are. */
  async revive(node: string): Promise<void> {
    const { client } = this.#options
    this.#alive.add(node)
    this.#beat()
    await reportReady(client, node)
    const { items } = await client.list<Pod>(PODS, { fieldSelector: `spec.nodeName=${node}` })
    await Promise.all(items.map((pod) => this.#live(pod)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#heart)
    this.#abort.abort()
    await Promise.all(this.#writes)
  }

  #beat(): void {
    for (const node of this.#alive) this.#options.liveness.beat(node, undefined)
  }

  async #live(pod: Pod): Promise<void> {
    const { client, brokenImages = [] } = this.#options
    if (!this.#alive.has(pod.spec.nodeName ?? '')) return
    const ref = { name: pod.metadata.name, namespace: pod.metadata.namespace ?? '' }
    if (pod.metadata.deletionTimestamp) return await client.delete(PODS, ref, { gracePeriodSeconds: 0, uid: pod.metadata.uid })
    if (podIsReady(pod) || pod.spec.containers.some(({ image }) => brokenImages.includes(image ?? ''))) return
    this.#addresses += 1
    const podIP = pod.status?.podIP ?? `10.244.${this.#addresses >> 8}.${this.#addresses & 255}`
    const ready = { type: 'Ready', status: 'True', lastTransitionTime: rfc3339(new Date()) }
    const status = { phase: 'Running', podIP, podIPs: [{ ip: podIP }], conditions: [ready] }
    await client.patch(PODS, { ...ref, subresource: 'status' }, { type: 'strategic', body: { status } })
  }

  #own(work: Promise<void>): void {
    const owned = work.catch(() => undefined).finally(() => this.#writes.delete(owned))
    this.#writes.add(owned)
  }
}

async function registerNode(client: ApiClient, name: string): Promise<void> {
  await client.create<Node>(NODES, { metadata: { name, labels: { 'kubernetes.io/hostname': name } } } as never)
  await reportReady(client, name)
}

async function reportReady(client: ApiClient, name: string): Promise<void> {
  const resources = { cpu: '4', memory: '8Gi', pods: '110' }
  const status = {
    capacity: resources,
    allocatable: resources,
    conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }],
  }
  await client.patch(NODES, { name, subresource: 'status' }, { type: 'merge', body: { status } })
}

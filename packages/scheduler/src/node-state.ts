import { type Node, nodeIsReady, type Taint } from '@skiff/api'
import { canonicalImage, type HostPort, type PodInfo } from './pod-info.ts'
import { amountsOf, type ResourceAmounts } from './resources.ts'

/**
 * A node with what its pods take of it. Kept up to date pod by pod, so that placing a pod reads counters only.
 * Filters and scores take it as readonly; only ClusterState changes it.
 */
export class NodeState {
  readonly name: string
  readonly requested = new Map<string, number>()
  readonly assumedRequested = new Map<string, number>()
  readonly spread = new Map<string, number>()
  podCount = 0
  /** Which decision last chose this node: ties go to the node that waited longest. */
  lastChosen = 0

  #node: Node
  #allocatable: ResourceAmounts
  #images: ReadonlyMap<string, number>
  readonly #hostPorts: HostPort[] = []

  constructor(node: Node) {
    this.name = node.metadata.name
    this.#node = node
    this.#allocatable = amountsOf(node.status?.allocatable)
    this.#images = imageSizes(node)
  }

  get node(): Node {
    return this.#node
  }

  set node(node: Node) {
    this.#node = node
    this.#allocatable = amountsOf(node.status?.allocatable)
    this.#images = imageSizes(node)
  }

  get allocatable(): ResourceAmounts {
    return this.#allocatable
  }

  /** Sizes in bytes by canonical name. */
  get images(): ReadonlyMap<string, number> {
    return this.#images
  }

  get taints(): readonly Taint[] {
    return this.#node.spec.taints ?? []
  }

  get ready(): boolean {
    return nodeIsReady(this.#node)
  }

  /** What is left of a resource; a resource that the node doesn't have is 0. */
  free(resource: string): number {
    return (this.#allocatable.get(resource) ?? 0) - (this.requested.get(resource) ?? 0)
  }

  hostPortTaken(wanted: HostPort): boolean {
    return this.#hostPorts.some((taken) => collides(taken, wanted))
  }

  add(pod: PodInfo): void {
    this.podCount += 1
    this.#hostPorts.push(...pod.hostPorts)
    this.#count(pod, 1)
  }

  remove(pod: PodInfo): void {
    this.podCount -= 1
    for (const port of pod.hostPorts) {
      const index = this.#hostPorts.findIndex((taken) => samePort(taken, port))
      if (index >= 0) this.#hostPorts.splice(index, 1)
    }
    this.#count(pod, -1)
  }

  #count(pod: PodInfo, sign: 1 | -1): void {
    for (const [resource, amount] of pod.requests) addTo(this.requested, resource, sign * amount)
    for (const [resource, amount] of pod.assumedRequests) addTo(this.assumedRequested, resource, sign * amount)
    for (const group of pod.spreadGroups) addTo(this.spread, group, sign)
  }
}

function addTo(totals: Map<string, number>, key: string, amount: number): void {
  const total = (totals.get(key) ?? 0) + amount
  if (total === 0) totals.delete(key)
  else totals.set(key, total)
}

function samePort(a: HostPort, b: HostPort): boolean {
  return a.port === b.port && a.protocol === b.protocol && a.address === b.address
}

function collides(a: HostPort, b: HostPort): boolean {
  const sameAddress = a.address === b.address || a.address === '0.0.0.0' || b.address === '0.0.0.0'
  return sameAddress && a.port === b.port && a.protocol === b.protocol
}

function imageSizes(node: Node): Map<string, number> {
  const sizes = new Map<string, number>()
  for (const { names, sizeBytes } of node.status?.images ?? []) {
    for (const name of names ?? []) sizes.set(canonicalImage(name), sizeBytes ?? 0)
  }
  return sizes
}

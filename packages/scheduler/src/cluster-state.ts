import { keyOf, type Node, type Pod, podIsTerminal, type Service, selectsLabels } from '@skiff/api'
import { NodeState } from './node-state.ts'
import { type PodInfo, podInfoOf } from './pod-info.ts'
import type { ClusterSnapshot } from './schedule-pod.ts'

interface PlacedPod {
  readonly info: PodInfo
  readonly nodeName: string
  /** Chosen by us and not yet seen with its node: what the API says of it is behind. */
  readonly assumed: boolean
}

/**
 * The nodes and what runs on them, kept change by change, so that a decision costs only the looking at nodes.
 * Pods that were just placed count from the decision on, not from the moment the API tells of it.
 */
export class ClusterState {
  readonly #nodes = new Map<string, NodeState>()
  readonly #pods = new Map<string, PlacedPod>()
  /** Pods by node name, also of nodes that aren't known (yet). */
  readonly #podsByNode = new Map<string, Map<string, PodInfo>>()
  readonly #services = new Map<string, Map<string, Service>>()
  #listed: readonly NodeState[] | undefined
  #startAt = 0
  #decisions = 0

  setNode(node: Node): void {
    const known = this.#nodes.get(node.metadata.name)
    if (known) {
      known.node = node
      return
    }
    const state = new NodeState(node)
    for (const info of this.#podsByNode.get(state.name)?.values() ?? []) state.add(info)
    this.#nodes.set(state.name, state)
    this.#listed = undefined
  }

  removeNode(name: string): void {
    this.#nodes.delete(name)
    this.#listed = undefined
  }

  /**
   * Counts a pod that has a node; one without, or one that has ended, doesn't count.
   * @returns whether it takes less of a node than before: it left, or was resized to ask for less
   */
  setPod(pod: Pod): boolean {
    const key = keyOf(pod)
    const known = this.#pods.get(key)
    const nodeName = pod.spec.nodeName
    const samePod = known?.info.pod.metadata.uid === pod.metadata.uid
    if (known?.assumed && samePod && !nodeName && !podIsTerminal(pod)) return false
    this.removePod(key)
    if (!nodeName || podIsTerminal(pod)) return known !== undefined
    const info = this.podInfo(pod)
    this.#place(info, nodeName, false)
    return known !== undefined && (known.nodeName !== nodeName || asksForLess(info, known.info))
  }

  removePod(key: string): void {
    const known = this.#pods.get(key)
    if (!known) return
    this.#pods.delete(key)
    const onNode = this.#podsByNode.get(known.nodeName)
    onNode?.delete(key)
    if (onNode?.size === 0) this.#podsByNode.delete(known.nodeName)
    this.#nodes.get(known.nodeName)?.remove(known.info)
  }

  setService(service: Service): void {
    const { namespace = '', name } = service.metadata
    const services = this.#services.get(namespace) ?? new Map<string, Service>()
    const before = services.get(name)
    services.set(name, service)
    this.#services.set(namespace, services)
    if (JSON.stringify(before?.spec.selector) !== JSON.stringify(service.spec.selector)) this.#regroup(namespace)
  }

  removeService(service: Service): void {
    const { namespace = '', name } = service.metadata
    this.#services.get(namespace)?.delete(name)
    this.#regroup(namespace)
  }

  podInfo(pod: Pod): PodInfo {
    return podInfoOf(pod, this.#servicesSelecting(pod))
  }

  snapshot(): ClusterSnapshot {
    this.#listed ??= [...this.#nodes.values()]
    return { nodes: this.#listed, startAt: this.#startAt }
  }

  /** The pod is as good as on this node. @param examined how many nodes the decision looked at: the next begins behind them */
  assume(info: PodInfo, nodeName: string, examined = 1): void {
    this.removePod(info.key)
    this.#place(info, nodeName, true)
    const node = this.#nodes.get(nodeName)
    this.#decisions += 1
    if (node) node.lastChosen = this.#decisions
    this.#startAt = this.#nodes.size === 0 ? 0 : (this.#startAt + examined) % this.#nodes.size
  }

  /** The assumption came to nothing. What the API has said of the pod since then stays. */
  forget(info: PodInfo): void {
    const known = this.#pods.get(info.key)
    if (known?.assumed && known.info.pod.metadata.uid === info.pod.metadata.uid) this.removePod(info.key)
  }

  isPlaced(key: string): boolean {
    return this.#pods.has(key)
  }

  #place(info: PodInfo, nodeName: string, assumed: boolean): void {
    this.#pods.set(info.key, { info, nodeName, assumed })
    const onNode = this.#podsByNode.get(nodeName)
    if (onNode) onNode.set(info.key, info)
    else this.#podsByNode.set(nodeName, new Map([[info.key, info]]))
    this.#nodes.get(nodeName)?.add(info)
  }

  /** Services came, went or select other pods: count their pods anew. Rare, so it may look at the whole namespace. */
  #regroup(namespace: string): void {
    for (const [key, { info, nodeName, assumed }] of [...this.#pods]) {
      if (info.pod.metadata.namespace !== namespace) continue
      this.removePod(key)
      this.#place(this.podInfo(info.pod), nodeName, assumed)
    }
  }

  #servicesSelecting(pod: Pod): string[] {
    const services = this.#services.get(pod.metadata.namespace ?? '')
    if (!services) return []
    return [...services.values()]
      .filter(({ spec }) => hasEntries(spec.selector) && selectsLabels(spec.selector, pod.metadata.labels))
      .map(keyOf)
  }
}

/** Of any resource: what it asks for more of beside that doesn't matter. */
function asksForLess(after: PodInfo, before: PodInfo): boolean {
  return [...before.requests].some(([resource, amount]) => (after.requests.get(resource) ?? 0) < amount)
}

function hasEntries(selector: object | undefined): boolean {
  return selector !== undefined && Object.keys(selector).length > 0
}

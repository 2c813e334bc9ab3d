import {
  allocatedSpec,
  conditionIsTrue,
  hasPodResources,
  NODES,
  type Node,
  type Pod,
  podIsTerminal,
  podRequests,
  type ResourceTotals,
} from '@skiff/api'
import type { ApiClient } from '@skiff/client'
import { rejectedByPressure } from '../eviction/rejected-by-pressure.ts'
import type { PressureCondition } from '../eviction/signals.ts'
import { Semaphore } from '../semaphore.ts'
import { type Rejection, type ResizeRefusal, rejectionOf, resizeRefusal } from './reject-pod.ts'

export interface NodeAdmissionOptions {
  readonly client: ApiClient
  readonly nodeName: string
  /** This node as a watch shows it. */
  readonly node: () => Node | undefined
  /** What pods may have, as long as the Node doesn't say it yet. */
  readonly allocatable: Readonly<Record<string, string>>
  /** All pods that are bound to this node. */
  readonly pods: () => readonly Pod[]
  /** Whether the host has it, as far as the engine that runs now can say. */
  readonly appArmor: () => boolean
  /** Why pods can't have a control group of their own here; undefined: they can. */
  readonly cgroupObstacle: () => Promise<string | undefined>
  /** What the node has too little of. */
  readonly pressures: () => ReadonlySet<PressureCondition>
}

interface Allocation {
  /** Of the pod, as it was judged. */
  readonly generation: number | undefined
  readonly requests: ResourceTotals
  /** For room, to get what it asks for. */
  readonly waits: boolean
}

/** Who may come in: one pod after the other, so that two don't take the same place, nor refuse it to each other. */
export class NodeAdmission {
  readonly #options: NodeAdmissionOptions
  readonly #admitted = new Set<string>()
  /** What pods that asked for other resources have been given, whatever their status says yet. By uid. */
  readonly #resized = new Map<string, Allocation>()
  readonly #turn = new Semaphore(1)
  #onRoom: () => void = () => undefined
  #timesRoomCame = 0

  constructor(options: NodeAdmissionOptions) {
    this.#options = options
  }

  /** Why the pod can't run here. What has started once (`isHere`: its containers say so) is not asked again. */
  async rejection(pod: Pod, isHere: boolean): Promise<Rejection | undefined> {
    return await this.#turn.run(async () => {
      const found = isHere || hasStarted(pod) ? undefined : await this.#judge(pod)
      if (found === undefined) this.#admitted.add(pod.metadata.uid)
      return found
    })
  }

  /**
   * Why a pod that runs can't have the resources that it asks for by now. Room is kept for those that are more important and wait
   * for it, whoever asks first (upstream's allocation manager).
   */
  async resizeRefusal(pod: Pod): Promise<ResizeRefusal | undefined> {
    return await this.#turn.run(async () => {
      const node = await this.#node()
      const first = this.#othersThatRun(pod).filter((other) => this.#waits(other) && priorityOf(other) > priorityOf(pod))
      for (const other of first.sort((a, b) => priorityOf(b) - priorityOf(a))) this.#judgeResize(other, node)
      return this.#judgeResize(pod, node)
    })
  }

  #judgeResize(pod: Pod, node: Node): ResizeRefusal | undefined {
    const found = resizeRefusal({ pod, node, others: this.#othersOf(pod) })
    const before = podRequests(allocatedSpec(pod))
    const requests = found === undefined ? podRequests(pod.spec) : before
    const { uid, generation } = pod.metadata
    this.#resized.set(uid, { generation, requests, waits: found?.reason === 'Deferred' })
    if (requests.cpuMilli < before.cpuMilli || requests.memoryBytes < before.memoryBytes) this.#roomCame()
    return found
  }

  forget(uid: string): void {
    this.#resized.delete(uid)
    if (this.#admitted.delete(uid)) this.#roomCame()
  }

  /** For whoever asked, and only learns of the answer after room came. */
  get timesRoomCame(): number {
    return this.#timesRoomCame
  }

  #roomCame(): void {
    this.#timesRoomCame += 1
    this.#onRoom()
  }

  /** Tells whenever a pod has given up something of what it had. */
  onRoom(listener: () => void): void {
    this.#onRoom = listener
  }

  async #judge(pod: Pod): Promise<Rejection | undefined> {
    const { appArmor, pressures } = this.#options
    const pressed = rejectedByPressure(pod, pressures())
    if (pressed !== undefined) return pressed
    const others = this.#othersOf(pod)
    const cgroupObstacle = hasPodResources(pod.spec) ? await this.#options.cgroupObstacle() : undefined
    const abilities = { appArmor: appArmor(), ...(cgroupObstacle === undefined ? {} : { cgroupObstacle }) }
    const judge = (node: Node) => rejectionOf({ pod, node, others, ...abilities })
    const found = judge(await this.#node())
    // A label or an amount may be newer than the watch: whoever chose this node has seen it.
    return found !== undefined && isOfTheNode(found) ? judge(await this.#askForNode()) : found
  }

  async #node(): Promise<Node> {
    const shown = this.#options.node()
    return shown === undefined ? await this.#askForNode() : this.#withRoom(shown)
  }

  async #askForNode(): Promise<Node> {
    const { client, nodeName } = this.#options
    return this.#withRoom(await client.get<Node>(NODES, { name: nodeName }))
  }

  /** A pod may come before this agent's first report of its node has. */
  #withRoom(node: Node): Node {
    const { allocatable } = this.#options
    return node.status?.allocatable === undefined ? { ...node, status: { ...node.status, allocatable } } : node
  }

  /** What the others have that run here or are about to. */
  #othersOf(pod: Pod): readonly ResourceTotals[] {
    return this.#othersThatRun(pod).map((other) => this.#allocatedTo(other))
  }

  #othersThatRun(pod: Pod): readonly Pod[] {
    return this.#options.pods().filter((other) => other.metadata.uid !== pod.metadata.uid && this.#counts(other))
  }

  #waits({ metadata: { uid, generation } }: Pod): boolean {
    const resized = this.#resized.get(uid)
    return resized?.waits === true && resized.generation === generation
  }

  #counts(pod: Pod): boolean {
    return !podIsTerminal(pod) && (this.#admitted.has(pod.metadata.uid) || hasStarted(pod))
  }

  #allocatedTo(pod: Pod): ResourceTotals {
    const resized = this.#resized.get(pod.metadata.uid)
    if (resized !== undefined && resized.generation === pod.metadata.generation) return resized.requests
    return podRequests(conditionIsTrue(pod.status?.conditions, 'PodResizePending') ? allocatedSpec(pod) : pod.spec)
  }
}

function isOfTheNode({ reason }: Rejection): boolean {
  return reason === 'NodeAffinity' || reason.startsWith('OutOf')
}

const priorityOf = ({ spec }: Pod) => spec.priority ?? 0

function hasStarted({ status }: Pod): boolean {
  return status?.startTime !== undefined
}

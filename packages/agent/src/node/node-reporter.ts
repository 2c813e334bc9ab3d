import { setTimeout as delay } from 'node:timers/promises'
import { findCondition, isAlreadyExists, NODES, type Node } from '@skiff/api'
import type { ApiClient, Log } from '@skiff/client'
import type { PressureCondition } from '../eviction/signals.ts'
import type { ContainerRuntime, ImageService, RuntimeInfo } from '../runtime/runtime.ts'
import { machineFacts } from './machine-facts.ts'
import { allocatableOf } from './node-resources.ts'
import type { NodeSettings } from './node-settings.ts'
import { type NodeStatus, nodeStatus } from './node-status.ts'

export interface NodeReporterOptions {
  readonly client: ApiClient
  readonly runtime: ContainerRuntime
  readonly images: ImageService
  readonly name: string
  readonly nodeIp: string
  readonly agentPort: number
  readonly maxPods: number
  readonly settings: NodeSettings
  /** What the node has too little of. */
  readonly pressures: () => ReadonlySet<PressureCondition>
  readonly labels: Readonly<Record<string, string>>
  /** What else the Node says of this host. */
  readonly annotations: Readonly<Record<string, string>>
  /** Tells this installation from another one that uses the same node name. */
  readonly identity: string
  readonly now: () => Date
  readonly logger: Log
  readonly signal: AbortSignal
}

/** How often the status is computed; it is written when it has changed, when the API says another, and this often anyway. */
const COMPUTE_MS = 10_000
const WRITE_ANYWAY_MS = 5 * 60_000
/** Whoever else writes this node's conditions is not answered more often. */
const CORRECTION_PAUSE_MS = 1_000
const ENGINE_TIMEOUT_MS = 5_000
export const IDENTITY_ANNOTATION = 'dev.skiff/agent'
/** Extended resources that the agent's own configuration declares. */
const DEVICES_ANNOTATION = 'dev.skiff/devices'

/** Registers the node and keeps its status true. */
export class NodeReporter {
  readonly #options: NodeReporterOptions
  #info: RuntimeInfo | undefined
  #problems = new Map<string, string>()
  #written: { readonly text: string; readonly at: number } | undefined
  #previous: NodeStatus | undefined
  /** As the API has it. */
  #shown: NodeStatus | undefined
  #shownLabels: Readonly<Record<string, string>> | undefined
  #correction: NodeJS.Timeout | undefined
  #wake = Promise.withResolvers<void>()

  constructor(options: NodeReporterOptions) {
    this.#options = options
  }

  /** What the engine last said of itself; another one may run by now than at the agent's start. */
  get engine(): RuntimeInfo | undefined {
    return this.#info
  }

  /** Makes the Node object, or takes over the one that is there. */
  async register(info: RuntimeInfo): Promise<Node> {
    this.#info = info
    const { client, name, logger } = this.#options
    const labels = { ...this.#options.labels, ...defaultLabels(name, info) }
    const devices = Object.keys(this.#options.settings.devices)
    const own = { [IDENTITY_ANNOTATION]: this.#options.identity, [DEVICES_ANNOTATION]: devices.join(',') }
    const annotations = { ...this.#options.annotations, ...own }
    try {
      const node = await client.create<Node>(NODES, { metadata: { name, labels, annotations }, spec: {} } as never)
      logger.info({ node: name }, 'host joined the cluster')
      return node
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
    }
    await this.#withdrawDevices(devices)
    return await client.patch<Node>(NODES, { name }, { type: 'merge', body: { metadata: { labels, annotations } } })
  }

  /** What an earlier agent declared and this one doesn't: without that it would look like a client's gift. */
  async #withdrawDevices(declared: readonly string[]): Promise<void> {
    const { client, name } = this.#options
    const { metadata } = await client.get<Node>(NODES, { name })
    const former = (metadata.annotations?.[DEVICES_ANNOTATION] ?? '').split(',').filter((one) => one !== '')
    const gone = Object.fromEntries(former.filter((one) => !declared.includes(one)).map((one) => [one, null]))
    if (Object.keys(gone).length === 0) return
    const body = { status: { capacity: gone, allocatable: gone } }
    await client.patch<Node>(NODES, { name, subresource: 'status' }, { type: 'strategic', body })
  }

  /** What keeps this node from running pods; undefined when it is over. */
  problem(source: string, message: string | undefined): void {
    if (this.#problems.get(source) === message) return
    if (message === undefined) this.#problems.delete(source)
    else this.#problems.set(source, message)
    this.wake()
  }

  /** What the API shows of this node: a master that didn't hear of it for a while has said Unknown in its place. */
  compare({ metadata, status }: Node): void {
    this.#shown = status
    this.#shownLabels = metadata.labels
    if (resourcesDiffer(status)) this.wake()
    if (this.#written === undefined) return
    if (saysTheSame(status, this.#previous) && Object.keys(this.#wrongLabels()).length === 0) return
    this.#correction ??= setTimeout(() => {
      this.#correction = undefined
      this.writeAgain()
    }, CORRECTION_PAUSE_MS).unref()
  }

  /** Writes the status whether it has changed or not, compared with what the API says now. */
  writeAgain(): void {
    this.#written = undefined
    this.#previous = undefined
    this.wake()
  }

  wake(): void {
    this.#wake.resolve()
  }

  async allocatable(info: RuntimeInfo): Promise<Record<string, string>> {
    const { maxPods, settings } = this.#options
    return allocatableOf({ runtime: info, machine: await machineFacts(info.dataRoot), maxPods, settings, shown: this.#shown })
  }

  /** Until the signal. */
  async run(): Promise<void> {
    const { images, signal, logger } = this.#options
    const stopListening = images.onChange(() => this.wake())
    while (!signal.aborted) {
      this.#wake = Promise.withResolvers<void>()
      await this.#report().catch((error: unknown) => logger.debug({ err: error }, 'node status was not written'))
      await Promise.race([this.#wake.promise, delay(COMPUTE_MS, undefined, { signal }).catch(() => undefined)])
    }
    stopListening()
  }

  /** Writes the status if it has changed. */
  async #report(): Promise<void> {
    const { client, name, now } = this.#options
    await this.#mendLabels()
    const status = await this.#compute()
    const text = JSON.stringify({ ...status, conditions: status.conditions?.map(({ lastHeartbeatTime, ...rest }) => rest) })
    const age = now().getTime() - (this.#written?.at ?? 0)
    if (this.#written?.text === text && age < WRITE_ANYWAY_MS) return
    await client.patch<Node>(NODES, { name, subresource: 'status' }, { type: 'strategic', body: { status: this.#patch(status) } })
    this.#written = { text, at: now().getTime() }
    this.#previous = status
  }

  async #mendLabels(): Promise<void> {
    const { client, name } = this.#options
    const labels = this.#wrongLabels()
    if (Object.keys(labels).length === 0) return
    const { metadata } = await client.patch<Node>(NODES, { name }, { type: 'merge', body: { metadata: { labels } } })
    this.#shownLabels = metadata.labels
  }

  /** Where pods may run hangs on these two: the kubelet puts them right too, and leaves the others to whoever changed them. */
  #wrongLabels(): Record<string, string> {
    if (this.#info === undefined || this.#shownLabels === undefined) return {}
    const machine = machineLabels(this.#info)
    return Object.fromEntries(Object.entries(machine).filter(([key, value]) => this.#shownLabels?.[key] !== value))
  }

  /** What pods may have is this agent's to say: what isn't there any more is taken out. */
  #patch(status: NodeStatus): object {
    const gone = Object.keys(this.#shown?.allocatable ?? {}).filter((name) => !(name in (status.allocatable ?? {})))
    return { ...status, allocatable: { ...status.allocatable, ...Object.fromEntries(gone.map((name) => [name, null])) } }
  }

  async #compute(): Promise<NodeStatus> {
    const { runtime, images, name, nodeIp, agentPort, maxPods, settings, pressures, now, client } = this.#options
    const found = await inTime(runtime.info())
    if (found !== undefined) this.#info = found
    const info = this.#info
    if (info === undefined) throw new Error('the engine has not answered yet')
    this.#previous ??= (await client.get<Node>(NODES, { name })).status
    return nodeStatus({
      name,
      nodeIp,
      agentPort,
      maxPods,
      settings,
      shown: this.#shown ?? this.#previous,
      pressures: pressures(),
      runtime: info,
      machine: await machineFacts(info.dataRoot),
      images: found === undefined ? (this.#previous?.images ?? []).map(knownImage) : ((await inTime(images.list())) ?? []),
      problem:
        found === undefined ? (this.#problems.get('engine') ?? 'container runtime is down') : [...this.#problems.values()][0],
      previous: this.#previous,
      now: now(),
    })
  }
}

/** Clients gave the node extended resources, or took them away: pods may have what the capacity says. */
function resourcesDiffer({ capacity = {}, allocatable = {} }: NodeStatus = {}): boolean {
  const names = new Set([...Object.keys(capacity), ...Object.keys(allocatable)].filter((name) => name.includes('/')))
  return [...names].some((name) => capacity[name] !== allocatable[name])
}

/** Of conditions that others added nothing is said. */
function saysTheSame(status: NodeStatus | undefined, own: NodeStatus | undefined): boolean {
  return (own?.conditions ?? []).every(
    (condition) => findCondition(status?.conditions, condition.type)?.status === condition.status,
  )
}

/** An engine that hangs must not keep the node from saying so. */
async function inTime<T>(answer: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ENGINE_TIMEOUT_MS)
  })
  return await Promise.race([answer.catch(() => undefined), late]).finally(() => clearTimeout(timer))
}

function knownImage({ names = [], sizeBytes = 0 }: { names?: string[]; sizeBytes?: number }) {
  return { id: '', names, sizeBytes }
}

function defaultLabels(name: string, info: RuntimeInfo): Record<string, string> {
  return {
    'kubernetes.io/hostname': name,
    ...machineLabels(info),
    'beta.kubernetes.io/os': 'linux',
    'beta.kubernetes.io/arch': info.architecture,
  }
}

function machineLabels(info: RuntimeInfo): Record<string, string> {
  return { 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': info.architecture }
}

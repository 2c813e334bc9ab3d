import { availableParallelism } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import type Docker from 'dockerode'
import type { ContainerInfo, ContainerInspectInfo } from 'dockerode'
import { POD_UID } from '../../pods/labels.ts'
import { Semaphore } from '../../semaphore.ts'
import type {
  ContainerLimits,
  ContainerRuntime,
  ContainerSpec,
  ContainerState,
  ExecOptions,
  ExecSession,
  PodContainers,
  RuntimeEvent,
  RuntimeInfo,
  SandboxSpec,
  SandboxState,
} from '../runtime.ts'
import { EngineUnavailableError, StartError, UpdateError } from '../runtime.ts'
import { containerOptions, type HostAbilities, limits, sandboxOptions } from './create-options.ts'
import { Engine, READ_TIMEOUT_MS, WRITE_TIMEOUT_MS } from './engine.ts'
import { conflictingContainer, isConflict, isMissing, isUnchanged, startErrorOf, wordsOf } from './engine-errors.ts'
import { RuntimeEvents } from './events.ts'
import { probeAbilities } from './host-abilities.ts'
import {
  containerLabels,
  containerName,
  isOwn,
  isSandbox,
  type Labels,
  type Owner,
  ownerLabels,
  podOf,
  sandboxLabels,
  sandboxName,
} from './identity.ts'
import { inspectionOfListed } from './listed.ts'
import { processEnd } from './process-end.ts'
import { runtimeInfoOf } from './runtime-info.ts'
import { ensureSandboxImage } from './sandbox-image.ts'
import { attachSession, execSession } from './sessions.ts'
import { containerStateOf, couldNotStart, createdState, sandboxStateOf } from './states.ts'
import { unpackImage } from './unpack-image.ts'

/** A container among many: its own worker has more patience. */
const LISTED_TIMEOUT_MS = 5_000
const REMOVAL_POLL_MS = 50
const KILL_MARGIN_MS = 30_000
/** Beyond them the engine gains nothing. */
const REMOVALS_AT_ONCE = 8

export interface DockerRuntimeOptions extends Owner {
  /** `unix:///var/run/docker.sock` */
  readonly dockerHost: string
  /** Containers that are made and started at once; beyond 8 the engine gains nothing. */
  readonly startConcurrency?: number
}

export function createDockerRuntime(options: DockerRuntimeOptions): ContainerRuntime {
  return new DockerRuntime(new Engine(options.dockerHost), options)
}

class DockerRuntime implements ContainerRuntime {
  readonly #engine: Engine
  readonly #owner: Owner
  readonly #events: RuntimeEvents
  readonly #starts: Semaphore
  readonly #removals = new Semaphore(REMOVALS_AT_ONCE)
  #prepared: Promise<HostAbilities> | undefined
  /** Which engine `#prepared` is about. */
  #preparedFor = 0

  constructor(engine: Engine, options: DockerRuntimeOptions) {
    this.#engine = engine
    this.#owner = { clusterId: options.clusterId, node: options.node }
    this.#events = new RuntimeEvents(engine, this.#owner)
    this.#starts = new Semaphore(options.startConcurrency ?? Math.min(8, Math.max(4, availableParallelism() * 2)))
  }

  async info(): Promise<RuntimeInfo> {
    return runtimeInfoOf(await this.#engine.call('info', READ_TIMEOUT_MS, (docker) => docker.info()))
  }

  async cgroupParent(): Promise<string | undefined> {
    return (await this.#prepare()).cgroupParent
  }

  async listPods(): Promise<readonly PodContainers[]> {
    // One inspection that is never answered must not keep all pods from being known.
    const infos = await this.#inspectAll({}, (listed) =>
      this.#inspect(listed.Id, LISTED_TIMEOUT_MS).catch((error: unknown) => {
        if (error instanceof EngineUnavailableError && this.#engine.available) return inspectionOfListed(listed)
        throw error
      }),
    )
    // A container of ours without a pod is a trial of what the host allows.
    const ofPods = infos.filter((info) => podOf(info.Config.Labels).uid !== '')
    const byUid = Map.groupBy(ofPods, (info) => podOf(info.Config.Labels).uid)
    return [...byUid.values()].map(podContainersOf)
  }

  async inspectPod(uid: string): Promise<PodContainers> {
    const infos = await this.#inspectAll({ [POD_UID]: uid })
    return infos.length === 0 ? { pod: { namespace: '', name: '', uid }, sandboxes: [], containers: [] } : podContainersOf(infos)
  }

  async startSandbox(spec: SandboxSpec, onCreated?: (id: string) => void): Promise<SandboxState> {
    const host = await this.#prepare()
    const labels = sandboxLabels(this.#owner, spec.pod, spec.labels)
    const options = sandboxOptions(spec, labels, host)
    try {
      const name = sandboxName(spec.pod, spec.attempt)
      return sandboxStateOf(await this.#starts.run(() => this.#createAndStart(name, options, onCreated)))
    } catch (error) {
      if (!(error instanceof StartError)) throw error
      // Somebody removed the image: the next attempt loads it again.
      if (/No such image/.test(error.message)) this.#prepared = undefined
      throw new StartError('CreatePodSandboxError', error.message, { cause: error })
    }
  }

  async createContainer(spec: ContainerSpec): Promise<ContainerState> {
    const { name, options } = await this.#described(spec)
    const { id, running } = await this.#inTurn(() => this.#create(name, options))
    return running === undefined ? createdState(id, spec, options.Labels ?? {}) : containerStateOf(running)
  }

  async startContainer(spec: ContainerSpec, createdId?: string): Promise<ContainerState> {
    const { name, options } = await this.#described(spec)
    const start = async () => {
      const there = createdId === undefined ? undefined : await this.#startCreated(createdId)
      return there ?? (await this.#createAndStart(name, options))
    }
    return containerStateOf(await this.#inTurn(start))
  }

  async #described(spec: ContainerSpec) {
    const labels = containerLabels(this.#owner, spec, spec.labels)
    const options = containerOptions(spec, labels, await this.#prepare())
    return { name: containerName(spec.name, spec.pod, spec.attempt), options }
  }

  /** Before other pods' sandboxes: pods that have begun get ready first. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    return this.#starts.run(work, { isUrgent: true })
  }

  async stopContainer(id: string, graceSeconds: number): Promise<ContainerState | undefined> {
    const timeout = graceSeconds * 1000 + KILL_MARGIN_MS
    await this.#engine
      .lastingCall(`stop ${id.slice(0, 12)}`, timeout, (docker, abortSignal) =>
        docker.getContainer(id).stop({ t: graceSeconds, abortSignal }),
      )
      .catch(unless(isUnchanged, isMissing))
    const info = await this.#inspect(id)
    return info && containerStateOf(info)
  }

  processEnd(container: ContainerState, signal: AbortSignal): Promise<void> {
    return processEnd(container, signal)
  }

  async updateContainer(id: string, changed: Partial<ContainerLimits>): Promise<void> {
    const options = limits(changed, await this.#prepare())
    try {
      await this.#onContainer('update', id, WRITE_TIMEOUT_MS, (container, abortSignal) =>
        container.update({ ...options, abortSignal }),
      )
    } catch (error) {
      if (error instanceof EngineUnavailableError) throw error
      throw new UpdateError(wordsOf(error), { cause: error })
    }
  }

  async unpackImage(imageId: string, directory: string): Promise<void> {
    await unpackImage(this.#engine, { owner: this.#owner, imageId, directory })
  }

  async writtenBytes(id: string): Promise<number> {
    const info = await this.#onContainer('measure', id, WRITE_TIMEOUT_MS, (container, abortSignal) =>
      container.inspect({ size: true, abortSignal } as Docker.ContainerInspectOptions),
    ).catch(unless(isMissing))
    return (info as { readonly SizeRw?: number } | undefined)?.SizeRw ?? 0
  }

  async removeContainer(id: string): Promise<void> {
    const gone = await this.#remove(id)
    while (!gone && (await this.#inspect(id)) !== undefined) await delay(REMOVAL_POLL_MS)
  }

  async removeSandbox(id: string): Promise<void> {
    await this.removeContainer(id)
  }

  exec(id: string, options: ExecOptions): Promise<ExecSession> {
    return execSession(this.#engine, id, options)
  }

  attach(id: string, options: { readonly stdin: boolean; readonly tty: boolean }): Promise<ExecSession> {
    return attachSession(this.#engine, id, options)
  }

  watch(listener: (event: RuntimeEvent) => void, signal: AbortSignal): void {
    this.#events.watch(listener, signal)
    // The first pod needn't wait for it; a failure comes up again there.
    this.#prepare().catch(() => {})
  }

  /** The sandboxes' image is there and the host's abilities are known; tried again after a failure, and of each engine. */
  #prepare(): Promise<HostAbilities> {
    const { incarnation } = this.#engine
    if (this.#preparedFor !== incarnation) this.#prepared = undefined
    this.#preparedFor = incarnation
    this.#prepared ??= this.#prepareOnce().catch((error: unknown) => {
      this.#prepared = undefined
      throw error
    })
    return this.#prepared
  }

  async #prepareOnce(): Promise<HostAbilities> {
    await ensureSandboxImage(this.#engine)
    return probeAbilities(this.#engine, this.#owner)
  }

  async #createAndStart(
    name: string,
    options: Docker.ContainerCreateOptions,
    onCreated?: (id: string) => void,
  ): Promise<ContainerInspectInfo> {
    const created = await this.#create(name, options)
    onCreated?.(created.id)
    const there = created.running ?? (await this.#startCreated(created.id))
    if (there === undefined) throw new StartError('RunContainerError', `the container ${name} was removed while it started`)
    return there
  }

  /** undefined: it is gone. */
  async #startCreated(id: string): Promise<ContainerInspectInfo | undefined> {
    try {
      await this.#onContainer('start', id, WRITE_TIMEOUT_MS, (container, abortSignal) => container.start({ abortSignal }))
    } catch (error) {
      if (error instanceof EngineUnavailableError) throw error
      const failure = isUnchanged(error) ? undefined : await this.#startFailed(id, error)
      if (failure !== undefined) throw failure
    }
    return await this.#inspect(id)
  }

  /** A container that never came to run is shown with the engine's error; one that shows nothing is taken away. undefined: it is gone. */
  async #startFailed(id: string, error: unknown): Promise<StartError | undefined> {
    const info = await this.#inspect(id)
    if (info === undefined && isMissing(error)) return undefined
    if (info !== undefined && !couldNotStart(info) && info.State.Status === 'created') await this.#remove(id)
    return startErrorOf('start', error)
  }

  async #create(
    name: string,
    options: Docker.ContainerCreateOptions,
  ): Promise<{ readonly id: string; readonly running?: ContainerInspectInfo }> {
    try {
      return { id: await this.#createOnce(name, options) }
    } catch (error) {
      const existing = conflictingContainer(error)
      if (existing === undefined) throw error instanceof EngineUnavailableError ? error : startErrorOf('create', error)
      const running = await this.#settleConflict(existing, error)
      if (running !== undefined) return { id: existing, running }
    }
    try {
      return { id: await this.#createOnce(name, options) }
    } catch (error) {
      throw error instanceof EngineUnavailableError ? error : startErrorOf('create', error)
    }
  }

  /**
   * The name is taken: a reply of ours was lost, or an agent died between two calls. What never ran is removed, what runs
   * is taken as it is, what ran and ended keeps its place: whoever asked must look again and count on.
   */
  async #settleConflict(id: string, conflict: unknown): Promise<ContainerInspectInfo | undefined> {
    const existing = await this.#inspect(id)
    if (existing === undefined) return undefined
    if (!isOwn(this.#owner, existing.Config.Labels)) throw startErrorOf('create', conflict)
    if (existing.State.Running) return existing
    const ran = !existing.State.StartedAt.startsWith('0001-')
    if (ran && existing.State.Status !== 'removing') throw startErrorOf('create', conflict)
    await this.removeContainer(id)
    return undefined
  }

  async #createOnce(name: string, options: Docker.ContainerCreateOptions): Promise<string> {
    const container = await this.#engine.call('create', WRITE_TIMEOUT_MS, (docker, abortSignal) =>
      // dockerode puts all options into the query too unless told what belongs where.
      docker.createContainer({ _query: { name }, _body: options, abortSignal } as Docker.ContainerCreateOptions),
    )
    return container.id
  }

  /** True when it is gone, false when another removal is still at it. */
  async #remove(id: string): Promise<boolean> {
    try {
      await this.#removals.run(() =>
        this.#onContainer('remove', id, WRITE_TIMEOUT_MS, (container, abortSignal) =>
          container.remove({ force: true, v: true, abortSignal }),
        ),
      )
      return true
    } catch (error) {
      if (isMissing(error)) return true
      if (isConflict(error) && /already in progress/.test(wordsOf(error))) return false
      throw error
    }
  }

  async #inspectAll(
    labels: Labels,
    inspect = ({ Id }: ContainerInfo) => this.#inspect(Id),
  ): Promise<readonly ContainerInspectInfo[]> {
    const wanted = Object.entries({ ...ownerLabels(this.#owner), ...labels }).map(([key, value]) => `${key}=${value}`)
    const list = await this.#engine.call('list', READ_TIMEOUT_MS, (docker, abortSignal) =>
      docker.listContainers({ all: true, filters: { label: wanted }, abortSignal }),
    )
    const infos = await Promise.all(list.map(inspect))
    return infos.filter((info) => info !== undefined)
  }

  async #inspect(id: string, timeoutMs = READ_TIMEOUT_MS): Promise<ContainerInspectInfo | undefined> {
    return this.#onContainer('inspect', id, timeoutMs, (container, abortSignal) => container.inspect({ abortSignal })).catch(
      unless(isMissing),
    )
  }

  #onContainer<T>(
    what: string,
    id: string,
    timeoutMs: number,
    run: (container: Docker.Container, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    return this.#engine.call(`${what} ${id.slice(0, 12)}`, timeoutMs, (docker, signal) => run(docker.getContainer(id), signal))
  }
}

function podContainersOf(infos: readonly ContainerInspectInfo[]): PodContainers {
  const [sandboxes, containers] = [true, false].map((wanted) => infos.filter((info) => isSandbox(info.Config.Labels) === wanted))
  return {
    pod: podOf(infos[0]?.Config.Labels ?? {}),
    sandboxes: (sandboxes ?? []).map(sandboxStateOf),
    containers: (containers ?? []).map(containerStateOf),
  }
}

/** A `catch` for errors that mean the wanted state is there already. */
function unless(...fine: readonly ((error: unknown) => boolean)[]): (error: unknown) => undefined {
  return (error) => {
    if (fine.some((is) => is(error))) return undefined
    throw error
  }
}

/**
 * A container engine in memory for tests of logic: it passes the same contract suite as the real one, and a test decides
 * when a container exits, what a command answers, what fails and when the engine is gone.
 */

import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import {
  type ContainerLimits,
  type ContainerRuntime,
  type ContainerSpec,
  type ContainerState,
  EngineUnavailableError,
  type ExecOptions,
  type ExecSession,
  type PodContainers,
  type RuntimeEvent,
  type RuntimeInfo,
  type SandboxSpec,
  type SandboxState,
  StartError,
  UpdateError,
} from '../runtime.ts'

export interface FakeRuntimeOptions {
  readonly now?: () => Date
  /** What a container does on SIGTERM: its exit code, or `ignore` to wait for the SIGKILL. */
  readonly onTerm?: (container: ContainerState) => number | 'ignore'
  readonly exec?: (container: ContainerState, command: readonly string[]) => FakeExecResult
}

export interface FakeExecResult {
  readonly stdout?: string
  readonly stderr?: string
  readonly exitCode: number
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

export class FakeRuntime implements ContainerRuntime {
  readonly #sandboxes = new Map<string, Mutable<SandboxState>>()
  readonly #containers = new Map<string, Mutable<ContainerState>>()
  readonly #specs = new Map<string, ContainerSpec>()
  readonly #listeners = new Set<(event: RuntimeEvent) => void>()
  readonly #startFailures = new Map<string, StartError>()
  readonly #now: () => Date
  readonly #options: FakeRuntimeOptions
  readonly #calls: string[] = []
  #available = true
  /** None that a host could have. */
  #nextPid = 10_000_000

  constructor(options: FakeRuntimeOptions = {}) {
    this.#options = options
    this.#now = options.now ?? (() => new Date())
  }

  // What a test does to it.

  /** Every call so far that changed something, as `startContainer web`, oldest first. */
  get calls(): readonly string[] {
    return this.#calls
  }

  /** The process of a container ends by itself. */
  exitContainer(id: string, exitCode: number, options: { readonly oomKilled?: boolean } = {}): void {
    const container = this.#container(id)
    if (container.phase !== 'running') return
    Object.assign(container, {
      phase: 'exited',
      pid: 0,
      exitCode,
      oomKilled: options.oomKilled ?? false,
      finishedAt: this.#now(),
    })
    this.#emit(container, 'die', exitCode)
  }

  /** The sandbox dies; as with the real engine its containers stay. */
  exitSandbox(id: string): void {
    const sandbox = this.#sandboxes.get(id)
    if (sandbox?.phase !== 'running') return
    Object.assign(sandbox, { phase: 'exited', pid: 0 })
    this.#emit(sandbox, 'die', 137)
  }

  /** The next start of the named container (or `POD` for a sandbox) fails once. */
  failNextStart(name: string, error: StartError): void {
    this.#startFailures.set(name, error)
  }

  setAvailable(available: boolean): void {
    if (this.#available === available) return
    this.#available = available
    this.#tell({ type: 'engine', available, message: available ? 'the engine answers' : 'the engine does not answer' })
    if (available) this.#tell({ type: 'resync' })
  }

  /** The running container of that name in a pod, newest attempt. */
  running(podUid: string, name: string): ContainerState | undefined {
    return [...this.#containers.values()].find((c) => c.pod.uid === podUid && c.name === name && c.phase === 'running')
  }

  spec(id: string): ContainerSpec | undefined {
    return this.#specs.get(id)
  }

  // What the agent asks.

  async info(): Promise<RuntimeInfo> {
    await this.#answer()
    return {
      version: 'docker://20.10.24',
      operatingSystem: 'Fake Linux',
      kernelVersion: '6.1.0',
      architecture: 'amd64',
      cpus: 4,
      memoryBytes: 8 * 2 ** 30,
      cgroupVersion: 2,
      cgroupDriver: 'systemd',
      dataRoot: '/var/lib/docker',
      liveRestore: true,
      appArmor: false,
      recursiveReadOnly: true,
      nvidia: false,
      rootless: false,
    }
  }

  async cgroupParent(): Promise<string | undefined> {
    await this.#answer()
    return 'system.slice'
  }

  async listPods(): Promise<readonly PodContainers[]> {
    await this.#answer()
    const uids = new Set([...this.#sandboxes.values(), ...this.#containers.values()].map((c) => c.pod.uid))
    return [...uids].map((uid) => this.#podContainers(uid))
  }

  async inspectPod(uid: string): Promise<PodContainers> {
    await this.#answer()
    return this.#podContainers(uid)
  }

  async startSandbox(spec: SandboxSpec, onCreated?: (id: string) => void): Promise<SandboxState> {
    await this.#answer(`startSandbox ${spec.pod.name}`)
    const failure = this.#takeFailure('POD')
    if (failure !== undefined) throw failure
    const existing = [...this.#sandboxes.values()].find((s) => s.pod.uid === spec.pod.uid && s.attempt === spec.attempt)
    if (existing !== undefined) return this.#existing(existing, 'CreatePodSandboxError')
    const now = this.#now()
    const sandbox: Mutable<SandboxState> = {
      id: newId(),
      pod: spec.pod,
      attempt: spec.attempt,
      phase: 'running',
      labels: spec.labels,
      pid: this.#nextPid++,
      createdAt: now,
      startedAt: now,
    }
    this.#sandboxes.set(sandbox.id, sandbox)
    onCreated?.(sandbox.id)
    this.#emit(sandbox, 'start')
    return { ...sandbox }
  }

  async createContainer(spec: ContainerSpec): Promise<ContainerState> {
    await this.#answer(`createContainer ${spec.name}`)
    const existing = this.#ofSpec(spec)
    if (existing?.phase !== 'created' && existing !== undefined) return this.#existing(existing, 'CreateContainerError')
    if (existing !== undefined) this.#containers.delete(existing.id)
    return { ...this.#make(spec) }
  }

  async startContainer(spec: ContainerSpec, createdId?: string): Promise<ContainerState> {
    await this.#answer(`startContainer ${spec.name}`)
    const existing = this.#ofSpec(spec)
    if (existing !== undefined && existing.phase !== 'created') return this.#existing(existing, 'CreateContainerError')
    if (existing !== undefined && existing.id !== createdId) this.#containers.delete(existing.id)
    const container = existing !== undefined && existing.id === createdId ? existing : this.#make(spec)
    const failure = this.#takeFailure(spec.name) ?? this.#joinFailure(spec)
    const now = this.#now()
    Object.assign(
      container,
      failure === undefined
        ? { phase: 'running', pid: this.#nextPid++, startedAt: now }
        : { phase: 'exited', finishedAt: now, exitCode: 128, oomKilled: false, error: failure.message },
    )
    if (failure !== undefined) throw failure
    this.#emit(container, 'start')
    return { ...container }
  }

  #ofSpec({ pod, name, attempt }: ContainerSpec): Mutable<ContainerState> | undefined {
    return [...this.#containers.values()].find((c) => c.pod.uid === pod.uid && c.name === name && c.attempt === attempt)
  }

  #make(spec: ContainerSpec): Mutable<ContainerState> {
    const { pod, name, attempt, sandboxId, labels, imageId, tty } = spec
    const container: Mutable<ContainerState> = {
      ...{ id: newId(), pod, name, attempt, sandboxId, labels, imageId, tty },
      image: imageId,
      phase: 'created',
      pid: 0,
      createdAt: this.#now(),
      logPath: '',
      limits: limitsOf(spec),
    }
    this.#containers.set(container.id, container)
    this.#specs.set(container.id, spec)
    return container
  }

  async stopContainer(id: string, graceSeconds: number): Promise<ContainerState | undefined> {
    await this.#answer(`stopContainer ${this.#containers.get(id)?.name ?? id}`)
    const container = this.#containers.get(id)
    if (container?.phase === 'running') await this.#stop(container, graceSeconds)
    const left = this.#containers.get(id)
    return left && { ...left }
  }

  async processEnd({ id }: ContainerState, signal: AbortSignal): Promise<void> {
    if (this.#containers.get(id)?.phase !== 'running') return
    await new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true })
      this.#listeners.add((event) => {
        if (event.type === 'pod' && event.containerId === id && event.action === 'die') resolve()
      })
    })
  }

  async #stop(container: ContainerState, graceSeconds: number): Promise<void> {
    const code = this.#options.onTerm?.({ ...container }) ?? 0
    if (code !== 'ignore') return this.exitContainer(container.id, code)
    const over = new AbortController()
    const late = delay(graceSeconds * 1000, undefined, { signal: over.signal }).catch(() => undefined)
    await Promise.race([late, this.processEnd(container, over.signal)])
    over.abort()
    if (container.phase === 'running') this.exitContainer(container.id, 137)
  }

  async updateContainer(id: string, limits: Partial<ContainerLimits>): Promise<void> {
    await this.#answer(`updateContainer ${this.#containers.get(id)?.name ?? id}`)
    const container = this.#containers.get(id)
    if (container === undefined) throw new UpdateError(`No such container: ${id}`)
    container.limits = { ...container.limits, ...limits }
  }

  async unpackImage(_imageId: string, directory: string): Promise<void> {
    await writeFile(join(directory, 'of-image'), '')
  }

  async writtenBytes(): Promise<number> {
    await this.#answer()
    return 0
  }

  async removeContainer(id: string): Promise<void> {
    await this.#answer(`removeContainer ${this.#containers.get(id)?.name ?? id}`)
    const container = this.#containers.get(id)
    if (container === undefined) return
    this.exitContainer(id, 137)
    this.#containers.delete(id)
    this.#emit(container, 'destroy')
  }

  async removeSandbox(id: string): Promise<void> {
    await this.#answer(`removeSandbox ${this.#sandboxes.get(id)?.pod.name ?? id}`)
    const sandbox = this.#sandboxes.get(id)
    if (sandbox === undefined) return
    this.exitSandbox(id)
    this.#sandboxes.delete(id)
    this.#emit(sandbox, 'destroy')
  }

  async exec(id: string, options: ExecOptions): Promise<ExecSession> {
    await this.#answer()
    const container = this.#containers.get(id)
    if (container?.phase !== 'running') throw new Error(`container ${id} is not running`)
    const result = this.#options.exec?.({ ...container }, options.command) ?? { exitCode: 0 }
    return finishedSession(options, result)
  }

  async attach(id: string, options: { readonly stdin: boolean; readonly tty: boolean }): Promise<ExecSession> {
    return this.exec(id, { command: [], ...options })
  }

  watch(listener: (event: RuntimeEvent) => void, signal: AbortSignal): void {
    if (signal.aborted) return
    this.#listeners.add(listener)
    signal.addEventListener('abort', () => this.#listeners.delete(listener), { once: true })
    queueMicrotask(() => this.#listeners.has(listener) && listener({ type: 'resync' }))
  }

  async #answer(call?: string): Promise<void> {
    await Promise.resolve()
    if (!this.#available) throw new EngineUnavailableError('the engine does not answer')
    if (call !== undefined) this.#calls.push(call)
  }

  #podContainers(uid: string): PodContainers {
    const sandboxes = [...this.#sandboxes.values()].filter((s) => s.pod.uid === uid).map((s) => ({ ...s }))
    const containers = [...this.#containers.values()].filter((c) => c.pod.uid === uid).map((c) => ({ ...c }))
    const pod = (sandboxes[0] ?? containers[0])?.pod ?? { namespace: '', name: '', uid }
    return { pod, sandboxes, containers }
  }

  #existing<T extends { readonly phase: string; readonly id: string }>(existing: T, reason: string): T {
    if (existing.phase === 'running') return { ...existing }
    throw new StartError(reason, `Conflict. The container name is already in use by container "${existing.id}"`)
  }

  #joinFailure(spec: ContainerSpec): StartError | undefined {
    const sandbox = this.#sandboxes.get(spec.sandboxId)
    if (sandbox === undefined) return new StartError('RunContainerError', `No such container: ${spec.sandboxId}`)
    if (sandbox.phase === 'running') return undefined
    return new StartError('RunContainerError', `cannot join network of a non running container: ${spec.sandboxId}`)
  }

  #takeFailure(name: string): StartError | undefined {
    const failure = this.#startFailures.get(name)
    this.#startFailures.delete(name)
    return failure
  }

  #container(id: string): Mutable<ContainerState> {
    const container = this.#containers.get(id)
    if (container === undefined) throw new Error(`no container ${id}`)
    return container
  }

  #emit(of: SandboxState | ContainerState, action: string, exitCode?: number): void {
    const event = { type: 'pod', uid: of.pod.uid, action, containerId: of.id } as const
    this.#tell(exitCode === undefined ? event : { ...event, exitCode })
  }

  #tell(event: RuntimeEvent): void {
    for (const listener of this.#listeners) queueMicrotask(() => this.#listeners.has(listener) && listener(event))
  }
}

function limitsOf({ resources }: ContainerSpec): ContainerLimits {
  const { cpuShares = 0, cpuQuotaUs = 0, memoryBytes = 0 } = resources
  return { cpuShares, cpuQuotaUs, memoryBytes }
}

function newId(): string {
  return `${randomUUID()}${randomUUID()}`.replaceAll('-', '')
}

function finishedSession(options: ExecOptions, result: FakeExecResult): ExecSession {
  const stdout = new PassThrough()
  const stderr = options.tty ? undefined : new PassThrough()
  stdout.end(result.stdout ?? '')
  stderr?.end(result.stderr ?? '')
  return {
    stdout,
    stderr,
    stdin: options.stdin ? new PassThrough().resume() : undefined,
    resize: async () => {},
    exit: Promise.resolve(result.exitCode),
    kill: async () => {},
  }
}

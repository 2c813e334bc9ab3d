/**
 * What the agent asks of a container engine: the CRI's role, cut to what a pod needs. Two implementations pass one
 * contract suite: `docker/` (the only user of dockerode) and `fake/` (for fast tests of logic).
 *
 * A sandbox is the container that holds a pod's network namespace. The runtime creates it with the engine's own
 * network switched off; the pod network (`network/`) plumbs it.
 */

import type { Readable } from 'node:stream'

export interface RuntimeInfo {
  /** `docker://20.10.24`, as `status.nodeInfo.containerRuntimeVersion` says it. */
  readonly version: string
  readonly operatingSystem: string
  readonly kernelVersion: string
  readonly architecture: 'amd64' | 'arm64'
  readonly cpus: number
  readonly memoryBytes: number
  readonly cgroupVersion: 1 | 2
  readonly cgroupDriver: 'cgroupfs' | 'systemd'
  readonly dataRoot: string
  readonly liveRestore: boolean
  readonly appArmor: boolean
  /** Read-only mounts can be so in everything that is mounted below them. */
  readonly recursiveReadOnly: boolean
  /** NVIDIA's runtime is there: `--gpus` works. */
  readonly nvidia: boolean
  /** The engine runs as a user who is not root. */
  readonly rootless: boolean
}

export interface PodRef {
  readonly namespace: string
  readonly name: string
  readonly uid: string
}

export interface SandboxSpec {
  readonly pod: PodRef
  readonly attempt: number
  readonly hostname: string
  readonly labels: Readonly<Record<string, string>>
  /** True: the host's own network namespace (`spec.hostNetwork`). */
  readonly hostNetwork: boolean
  readonly hostPid?: boolean
  readonly hostIpc?: boolean
  readonly sysctls?: Readonly<Record<string, string>>
  /** One of the engine's runtimes; absent: its default. */
  readonly runtimeHandler?: string
  readonly shmSizeBytes?: number
  /** Of the pod, as `PodCgroups` names it. Absent: where the engine puts every container. */
  readonly cgroupParent?: string
}

export type ContainerPhase = 'created' | 'running' | 'exited' | 'unknown'

export interface SandboxState {
  readonly id: string
  readonly pod: PodRef
  readonly attempt: number
  readonly phase: ContainerPhase
  readonly labels: Readonly<Record<string, string>>
  /** Process id on the host; 0 when not running. `/proc/<pid>/ns/net` is the pod's network. */
  readonly pid: number
  readonly createdAt: Date
  readonly startedAt?: Date
}

export interface Mount {
  readonly source: string
  readonly target: string
  readonly readOnly: boolean
  readonly propagation?: 'rprivate' | 'rslave' | 'rshared'
  /** Whether `readOnly` holds for what is mounted below too; absent: as the engine does it. */
  readonly recursion?: 'forced' | 'none'
}

export interface ContainerSpec {
  readonly pod: PodRef
  readonly name: string
  readonly attempt: number
  /** Joined: network, IPC, and the process namespace when `shareProcessNamespace`. */
  readonly sandboxId: string
  readonly shareProcessNamespace: boolean
  readonly hostNetwork: boolean
  readonly hostPid?: boolean
  readonly hostIpc?: boolean
  /** Another container of the pod whose processes it sees, as if they were its own. */
  readonly targetId?: string
  /** Sent instead of SIGTERM, and instead of the image's own. */
  readonly stopSignal?: string
  /** The image's id, as `ImageService.ensure` resolved it. */
  readonly imageId: string
  readonly labels: Readonly<Record<string, string>>
  /** The sandbox's. */
  readonly runtimeHandler?: string
  /** Absent: the image's own. */
  readonly entrypoint?: readonly string[]
  readonly command?: readonly string[]
  readonly workingDir?: string
  readonly env: readonly { readonly name: string; readonly value: string }[]
  readonly mounts: readonly Mount[]
  readonly tmpfs?: readonly { readonly target: string; readonly sizeBytes?: number; readonly mode?: number }[]
  readonly resources: ContainerResources
  readonly security: ContainerSecurity
  readonly stdin: boolean
  readonly stdinOnce: boolean
  readonly tty: boolean
  /** The sandbox's. */
  readonly cgroupParent?: string
  readonly devices?: readonly { readonly path: string; readonly target: string; readonly permissions: string }[]
  /** UUIDs of NVIDIA's. */
  readonly gpus?: readonly string[]
}

export interface ContainerResources {
  /** From requests.cpu; 2 is the kernel's least. */
  readonly cpuShares?: number
  /** Microseconds of CPU per `cpuPeriodUs`. */
  readonly cpuQuotaUs?: number
  readonly cpuPeriodUs?: number
  readonly memoryBytes?: number
  readonly pidsLimit?: number
  readonly oomScoreAdj?: number
}

/** The engine takes no smaller limit; Kubernetes does. */
export const LEAST_MEMORY_BYTES = 6 * 2 ** 20

export interface ContainerSecurity {
  readonly user?: string
  readonly supplementalGroups?: readonly string[]
  readonly privileged: boolean
  readonly noNewPrivileges: boolean
  readonly readOnlyRootFilesystem: boolean
  readonly capAdd?: readonly string[]
  readonly capDrop?: readonly string[]
  /** `unconfined`, or a profile's JSON; absent: the engine's default. */
  readonly seccomp?: string
  readonly apparmor?: string
  /** `user:role:type:level`, each part optional, as `label=` options take them. */
  readonly seLinux?: readonly string[]
  readonly unmaskedProc?: boolean
}

export interface ContainerState {
  readonly id: string
  readonly pod: PodRef
  readonly name: string
  readonly attempt: number
  readonly sandboxId: string
  readonly phase: ContainerPhase
  readonly labels: Readonly<Record<string, string>>
  readonly pid: number
  /** The image as it was named in the engine, and its id (`sha256:...`). */
  readonly image: string
  readonly imageId: string
  readonly createdAt: Date
  readonly startedAt?: Date
  readonly finishedAt?: Date
  readonly exitCode?: number
  readonly oomKilled?: boolean
  /** The engine's own words when the container could not start. */
  readonly error?: string
  readonly logPath: string
  readonly tty: boolean
  /** The limits that hold now; 0: none. */
  readonly limits: ContainerLimits
}

/** Of a container, or of all of a pod together; 0: none. */
export interface ContainerLimits {
  readonly cpuShares: number
  readonly cpuQuotaUs: number
  readonly memoryBytes: number
}

export type RuntimeEvent =
  | {
      readonly type: 'pod'
      readonly uid: string
      readonly action: string
      readonly containerId: string
      readonly exitCode?: number
    }
  /** The stream broke and is back, or events may have been lost: relist everything. */
  | { readonly type: 'resync' }
  /** The engine stopped or started to answer. */
  | { readonly type: 'engine'; readonly available: boolean; readonly message: string }

export interface ExecSession {
  readonly stdout: NodeJS.ReadableStream
  readonly stderr: NodeJS.ReadableStream | undefined
  readonly stdin: NodeJS.WritableStream | undefined
  resize(columns: number, rows: number): Promise<void>
  /** The exit code, once the output ended. Rejects when the command could not start (with the engine's words). */
  readonly exit: Promise<number>
  /** Ends the command (the engine itself leaves it running when the client goes). */
  kill(): Promise<void>
}

export interface ExecOptions {
  readonly command: readonly string[]
  readonly stdin: boolean
  readonly tty: boolean
}

export interface ContainerRuntime {
  info(): Promise<RuntimeInfo>
  /** The control group of containers whose spec names none, as a `cgroupParent`. undefined: it can't be seen from here. */
  cgroupParent(): Promise<string | undefined>
  /** All sandboxes and containers that carry this cluster's and this node's labels. */
  listPods(): Promise<readonly PodContainers[]>
  inspectPod(uid: string): Promise<PodContainers>
  /**
   * Creates and starts. On a name conflict of a leftover of our own that leftover is removed first. `onCreated` hears the id
   * before it runs: what is to join it can be created meanwhile.
   */
  startSandbox(spec: SandboxSpec, onCreated?: (id: string) => void): Promise<SandboxState>
  /** For a `startContainer` that comes soon. What is never started stays as `created`. */
  createContainer(spec: ContainerSpec): Promise<ContainerState>
  /**
   * Creates and starts; a container that could not start is left exited with `error` set so that the status can say so, and the
   * call throws `StartError`. `createdId`: what `createContainer` made of this very spec; if it is gone, another one is made.
   */
  startContainer(spec: ContainerSpec, createdId?: string): Promise<ContainerState>
  /**
   * SIGTERM, then SIGKILL after `graceSeconds`. Resolves when it has exited, with what is there then; undefined: it is gone.
   * Stopping a stopped one is fine.
   */
  stopContainer(id: string, graceSeconds: number): Promise<ContainerState | undefined>
  /**
   * Resolves as soon as the main process of a running container has gone, which the engine itself tells some 50 ms later; and
   * with the signal. Who can't see it waits for the signal.
   */
  processEnd(container: ContainerState, signal: AbortSignal): Promise<void>
  /** Changes the limits of a container while it runs; what is absent stays. Throws `UpdateError` with the engine's words. */
  updateContainer(id: string, limits: Partial<ContainerLimits>): Promise<void>
  /** Writes an image's files into an empty directory, with their owners. */
  unpackImage(imageId: string, directory: string): Promise<void>
  /** What the container has written over its image. */
  writtenBytes(id: string): Promise<number>
  removeContainer(id: string): Promise<void>
  /** Kills at once and removes. */
  removeSandbox(id: string): Promise<void>
  exec(id: string, options: ExecOptions): Promise<ExecSession>
  attach(id: string, options: { readonly stdin: boolean; readonly tty: boolean }): Promise<ExecSession>
  /** One stream of events, reconnecting for ever, until the signal; first event after a (re)connect is `resync`. */
  watch(listener: (event: RuntimeEvent) => void, signal: AbortSignal): void
}

export interface PodContainers {
  readonly pod: PodRef
  readonly sandboxes: readonly SandboxState[]
  readonly containers: readonly ContainerState[]
}

export class StartError extends Error {
  override name = 'StartError'
  /** As the kubelet words the waiting reason: `CreateContainerError`, `RunContainerError`, `CreateContainerConfigError`. */
  readonly reason: string
  constructor(reason: string, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.reason = reason
  }
}

/** The limits that a container has stay as they were. */
export class UpdateError extends Error {
  override name = 'UpdateError'
}

/** The engine did not answer (stopped, or hanging beyond the call's time-out). Nothing is known about what the call did. */
export class EngineUnavailableError extends Error {
  override name = 'EngineUnavailableError'
}

/** The engine will not do, however long one waits: too old, or closed to this user. The message says what to do. */
export class EngineUnfitError extends EngineUnavailableError {
  override name = 'EngineUnfitError'
}

/** Images of this host: local first, then another agent's, then the registry. */
export interface ImageService {
  /**
   * Makes the image present and says which it is. Throws `ImageError` with the kubelet's reason
   * (`ErrImagePull`, `ErrImageNeverPull`, `InvalidImageName`) and the registry's own words.
   */
  ensure(request: ImageRequest): Promise<PresentImage>
  list(): Promise<readonly { readonly id: string; readonly names: readonly string[]; readonly sizeBytes: number }[]>
  /**
   * The image as a `docker save` stream, for another agent; undefined when it is not here. An image that was pulled with
   * credentials is given to who shows the hash of such (KEP-2535).
   */
  export(reference: string, credentials: readonly string[]): Promise<ImageExport | 'forbidden' | undefined>
  /** Images that may be removed when room is needed: no container of this host uses them, and nobody else brought them here. */
  removable(): Promise<readonly RemovableImage[]>
  /** Whether it is gone; not when something uses it by now. */
  remove(image: RemovableImage): Promise<boolean>
  onChange(listener: () => void): () => void
}

export interface RemovableImage {
  readonly id: string
  readonly names: readonly string[]
  readonly sizeBytes: number
  /** Milliseconds since the epoch: when a pod last used it, or this agent first saw it. */
  readonly lastUsedMs: number
  readonly firstSeenMs: number
}

export interface ImageExport {
  readonly stream: Readable
  /** To be sent along: by them the receiver checks what it loaded. */
  readonly headers: Readonly<Record<string, string>>
}

export interface ImageRequest {
  readonly image: string
  readonly pullPolicy: 'Always' | 'IfNotPresent' | 'Never'
  readonly credentials: readonly RegistryCredentials[]
  /** Told in events, in the kubelet's words: `Pulling image "x"`, `Successfully pulled image ...`. */
  readonly onProgress: (progress: {
    readonly reason: 'Pulling' | 'Pulled' | 'Pulling from peer' | 'Local copy used'
    readonly message: string
  }) => void
  readonly signal: AbortSignal
}

export interface RegistryCredentials {
  readonly registry: string
  readonly username: string
  readonly password: string
  /** From a login without a password: stands for both. */
  readonly identityToken?: string
}

export interface PresentImage {
  readonly id: string
  /** For `status.containerStatuses[].imageID`: repo digest when there is one, else the id, with upstream's `docker-pullable://`-less form. */
  readonly imageRef: string
  readonly config: {
    readonly user: string
    readonly env: readonly string[]
    readonly entrypoint: readonly string[]
    readonly command: readonly string[]
    readonly workingDir: string
    readonly volumes: readonly string[]
  }
}

export class ImageError extends Error {
  override name = 'ImageError'
  readonly reason: 'ErrImagePull' | 'ErrImageNeverPull' | 'InvalidImageName' | 'ImageInspectError' | 'RegistryUnavailable'
  constructor(reason: ImageError['reason'], message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.reason = reason
  }
}

/** The control groups of pods that have resources of their own (KEP-2837): the pod's containers are in it, sandbox included. */
export interface PodCgroups {
  /** Why this host can't give pods a control group; undefined: it can. */
  obstacle(): Promise<string | undefined>
  /** Makes the pod's where there is none, with these limits. Gives its name, a `cgroupParent`. Throws StartError. */
  ensure(podUid: string, limits: ContainerLimits): Promise<string>
  /** Of one that is there. Throws UpdateError. */
  update(podUid: string, limits: ContainerLimits): Promise<void>
  /** What holds now, in the numbers of `wanted` where those come to the same; undefined: there is none. */
  limits(podUid: string, wanted: ContainerLimits): Promise<ContainerLimits | undefined>
  usedMemoryBytes(podUid: string): Promise<number>
  /** Nothing is in it any more. One that isn't there is fine. */
  remove(podUid: string): Promise<void>
  /** Takes away what former agents left of pods that are gone. */
  removeOthers(isKnown: (podUid: string) => boolean): Promise<void>
}

/** The pod network of this host. `plumb` gives a running sandbox its address and routes; it is idempotent. */
export interface PodNetwork {
  /** Once per node CIDR: own address on lo, forwarding, masquerading, accept rules. Routes of an earlier agent stay. */
  configure(options: {
    readonly podCidr: string
    readonly clusterCidr: string
    readonly serviceCidr: string
    readonly nodeIp: string
  }): Promise<void>
  /** Routes to the other hosts' pods, compared with what is there: adds, replaces, removes. */
  setPeers(peers: readonly { readonly node: string; readonly nodeIp: string; readonly podCidr: string }[]): Promise<void>
  /** Tells when somebody else took routes of `setPeers` away, which must then be set again. Resolves or rejects when it can't see any more. */
  watchPeers(onLost: () => void, signal: AbortSignal): Promise<void>
  /** A free address of the node's range, reserved for this pod. Addresses of `inUse` are known from sandbox labels after a restart. */
  allocate(podUid: string): string
  adopt(podUid: string, ip: string): void
  /** The address that a pod had before its sandbox ended, for its next one; not when it is somebody else's by now. After all of `adopt`. */
  reserve(podUid: string, ip: string): void
  release(podUid: string): void
  plumb(options: {
    readonly podUid: string
    readonly pid: number
    readonly ip: string
    readonly hostPorts: readonly HostPort[]
  }): Promise<void>
  unplumb(podUid: string): Promise<void>
  /** Takes away everything of this cluster's that `configure`, `setPeers` and `plumb` made on this host. */
  cleanup(options: { readonly clusterCidr: string }): Promise<void>
}

/** A host port of a pod that something else on this host already listens on. */
export class HostPortInUseError extends Error {
  override name = 'HostPortInUseError'
  readonly port: HostPort
  constructor(port: HostPort, options?: { cause?: unknown }) {
    super(`host port ${port.hostPort}/${port.protocol} is already in use on this node`, options)
    this.port = port
  }
}

export interface HostPort {
  readonly hostIp: string
  readonly hostPort: number
  readonly protocol: 'TCP' | 'UDP'
  readonly containerPort: number
}

import type { Pod, Service } from '@skiff/api'
import type { ApiClient, Log } from '@skiff/client'
import type { Ownership } from '../containers/container-spec.ts'
import type { ConfigSource } from '../containers/environment.ts'
import type { ClusterDns } from '../containers/pod-files.ts'
import type { DeletedLogs } from '../deleted-logs/deleted-logs.ts'
import type { LogLinks } from '../log-links/log-links.ts'
import type { ContainerRuntime, ImageService, PodCgroups, PodContainers, PodNetwork } from '../runtime/runtime.ts'
import type { Semaphore } from '../semaphore.ts'
import type { AgentMeters } from '../stats/agent-meters.ts'
import type { QuietPace } from '../status/quiet-pace.ts'
import type { PodVolumes } from '../volumes/pod-volumes.ts'
import type { ServiceAccountTokens } from '../volumes/service-account-tokens.ts'
import type { NodeAdmission } from './node-admission.ts'
import type { NodeDevices } from './node-devices.ts'
import type { MutablePodMemory } from './pod-memory.ts'

/** Says things about a pod, or about one of its containers. Never throws. */
export type SayEvent = (pod: Pod, type: 'Normal' | 'Warning', reason: string, message: string, container?: string) => void

/** What this node is, as its pods see it. */
interface NodeFacts {
  readonly name: string
  readonly ip: string
  readonly memoryBytes: number
  readonly allocatable: Readonly<Record<string, string>>
}

/** Everything with which pods are run; made once per agent. */
export interface PodTools {
  readonly client: ApiClient
  readonly runtime: ContainerRuntime
  readonly images: ImageService
  readonly network: PodNetwork
  readonly cgroups: PodCgroups
  readonly admission: NodeAdmission
  readonly volumes: PodVolumes
  readonly devices: NodeDevices
  readonly tokens: ServiceAccountTokens
  readonly config: ConfigSource
  readonly services: () => readonly Service[]
  readonly say: SayEvent
  readonly quietPace: QuietPace
  readonly node: NodeFacts
  readonly ownership: Ownership
  readonly dns: ClusterDns
  /** Where this node's own seccomp profiles are. */
  readonly seccompDirectory: string
  /** Which of the engine's runtimes the pod's class asks for; undefined: the default. */
  readonly runtimeHandler: (pod: Pod) => Promise<string | undefined>
  readonly execSlots: Semaphore
  readonly deletedLogs: DeletedLogs
  readonly logLinks: LogLinks
  readonly meters: AgentMeters
  readonly now: () => Date
  readonly logger: Log
}

/** One pod as a step works on it. */
export interface PodScene {
  readonly pod: Pod
  readonly observed: PodContainers
  readonly memory: MutablePodMemory
  readonly tools: PodTools
  /** Resolves when the engine tells that the container has ended. */
  readonly ended: (containerId: string) => Promise<void>
  /** Looks at the engine and says in the status what has come of a step that goes on. */
  readonly showProgress: () => Promise<void>
  /** Aborted when something more urgent came: the pod is to end, or to end sooner. */
  readonly signal: AbortSignal
}

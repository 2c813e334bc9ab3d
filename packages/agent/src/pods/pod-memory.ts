import type { Container } from '@skiff/api'
import type { PodLimits } from '../cgroups/pod-limits.ts'
import type { ContainerSpec } from '../runtime/runtime.ts'

/**
 * What the agent itself knows of a pod beside its spec and its containers. It may be lost at any time: everything that must
 * survive the agent stands in labels or in the API.
 */

export interface WaitingReason {
  readonly reason: string
  readonly message: string
}

export interface Failure extends WaitingReason {
  /** Absent: the pod's own. */
  readonly graceSeconds?: number
  /** The node needed what it used. */
  readonly disrupts?: boolean
}

export interface Retry {
  readonly failures: number
  /** Milliseconds since the epoch. */
  readonly retryAt: number
}

export interface ProbeState {
  /** Absent as long as there is no result: not started, not ready, alive. */
  readonly started?: boolean
  readonly ready?: boolean
  /** The probe that gave up on the container, which is to be killed. */
  readonly failed?: 'liveness' | 'startup'
  /** It was told to end: that it no longer answers is no news. */
  readonly isStopping?: true
}

/** What the node says to the resources that a generation of the pod asks for. */
export interface ResizeAnswer {
  readonly generation: number
  /** Absent: the node has room. */
  readonly refusal?: { readonly reason: 'Deferred' | 'Infeasible'; readonly message: string }
}

/** A container that was created while its sandbox started. */
export interface PreparedContainer {
  readonly id: string
  readonly container: Container
  readonly spec: ContainerSpec
  /** Says what there was to say of its image. */
  readonly tell: () => void
}

/** Among names of containers: the pod as a whole. */
export const POD_ITSELF = ''

export interface PodMemory {
  /** Since when the node has it; its status may be written later. */
  readonly cameAt?: Date
  /** Why a container that should run doesn't; the kubelet's reason cache. By container name. */
  readonly waiting: ReadonlyMap<string, WaitingReason>
  /** By `sandbox`, `volumes`, or a container's name. */
  readonly retries: ReadonlyMap<string, Retry>
  /** By container id. */
  readonly probes: ReadonlyMap<string, ProbeState>
  /** Containers whose postStart hook runs just now. */
  readonly starting: ReadonlySet<string>
  /** What a container said as it ended, by container id. */
  readonly terminationMessages: ReadonlyMap<string, string>
  /** The node didn't take the pod in the first place. */
  readonly rejection?: WaitingReason
  /** The pod was ended by the agent: deadline, eviction. */
  readonly failure?: Failure
  /** The host goes down: what runs is stopped, within so many seconds, and nothing is started. */
  readonly restSeconds?: number
  readonly resize?: ResizeAnswer
  /** What its control group holds; absent: it has none. */
  readonly podLimits?: PodLimits
  /** When containers that ended may start again, on the steady clock, by container id. */
  readonly restartsDue: ReadonlyMap<string, number>
  /** Containers that are stopped for their new resources, and start again with them at once. */
  readonly resizing: ReadonlySet<string>
  /** Why new resources could not be given, by container name, or by `POD_ITSELF`. */
  readonly resizeErrors: ReadonlyMap<string, string>
  readonly volumesMounted: boolean
  /** The sandbox that has its address. */
  readonly plumbedSandbox?: string
  /** The proxies were told that the pod leaves. */
  readonly drained: boolean
  /** Nothing of it runs, nor will: what its status says from now on is the last word. */
  readonly isOver: boolean
  /** The final status is written. */
  readonly finalStatusWritten: boolean
  /** The node needs the room that the dead containers take. */
  readonly isReclaimed: boolean
}

/** The same, for its one owner: the pod's worker. */
export class MutablePodMemory implements PodMemory {
  cameAt?: Date
  readonly waiting = new Map<string, WaitingReason>()
  readonly retries = new Map<string, Retry>()
  readonly probes = new Map<string, ProbeState>()
  readonly starting = new Set<string>()
  readonly terminationMessages = new Map<string, string>()
  readonly restartsDue = new Map<string, number>()
  /** By container name. */
  readonly prepared = new Map<string, PreparedContainer>()
  /** Sandboxes that are being removed; what fails is forgotten. */
  readonly removals = new Map<string, Promise<void>>()
  rejection?: WaitingReason
  failure?: Failure
  restSeconds?: number
  resize?: ResizeAnswer
  podLimits?: PodLimits
  readonly resizing = new Set<string>()
  readonly resizeErrors = new Map<string, string>()
  volumesMounted = false
  plumbedSandbox?: string
  drained = false
  /** Its labels, or its annotations, have been others. */
  wasRelabelled = false
  isOver = false
  finalStatusWritten = false
  isReclaimed = false

  /** Notes a failed try of `what`; the next one is due after 1 s, doubling to `maxMs`. */
  failed(what: string, now: number, { initialMs, maxMs }: { readonly initialMs: number; readonly maxMs: number }): void {
    const failures = this.retries.get(what)?.failures ?? 0
    this.retries.set(what, { failures: failures + 1, retryAt: now + Math.min(maxMs, initialMs * 2 ** failures) })
  }

  succeeded(what: string): void {
    this.retries.delete(what)
    this.waiting.delete(what)
  }

  /** Notes until when a container that ended waits; what was noted first stays. */
  waits(containerId: string, due: number): void {
    if (!this.restartsDue.has(containerId)) this.restartsDue.set(containerId, due)
  }

  /** Forgets containers that are gone. */
  keepContainers(ids: ReadonlySet<string>): void {
    for (const map of [this.probes, this.terminationMessages, this.restartsDue]) {
      for (const id of map.keys()) if (!ids.has(id)) map.delete(id)
    }
    for (const id of this.resizing) if (!ids.has(id)) this.resizing.delete(id)
  }
}

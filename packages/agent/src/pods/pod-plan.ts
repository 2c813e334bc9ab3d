/** What a plan can ask for. Each step is safe to repeat: a crash between any two is mended by the next plan. */

import type { Container } from '@skiff/api'
import type { PodLimits } from '../cgroups/pod-limits.ts'
import type { ContainerLimits, ContainerState } from '../runtime/runtime.ts'

export type PodStep =
  /** Make the pod's directories and volumes, and its hosts, hostname and resolv.conf. */
  | { readonly type: 'mount-volumes' }
  /**
   * And give it its address. With `mountVolumes` both at once: each takes a while, and neither needs the other. The containers
   * that join it first are created meanwhile, where nothing is in the way.
   */
  | {
      readonly type: 'start-sandbox'
      readonly attempt: number
      readonly mountVolumes: boolean
      readonly prepare: readonly Container[]
    }
  /** Give the sandbox its address and routes. */
  | { readonly type: 'plumb'; readonly sandboxId: string; readonly pid: number; readonly ip: string }
  /** Get the image, create, start, run postStart. */
  | {
      readonly type: 'start-container'
      readonly container: Container
      readonly sandboxId: string
      readonly attempt: number
      /** What this container's own end will cost before its restart. */
      readonly backOffSeconds: number
      /** How often all containers of the pod have been started again together; absent: never. */
      readonly round?: number
    }
  /** Ask whether the node has room for what the pod and its containers are to have now. */
  | { readonly type: 'admit-resize' }
  | { readonly type: 'resize-container'; readonly running: ContainerState; readonly limits: Partial<ContainerLimits> }
  /** Set the limits of all its containers together. */
  | { readonly type: 'resize-pod'; readonly limits: PodLimits }
  /** preStop, SIGTERM, grace, SIGKILL; side by side, but for those that wait for others. */
  | {
      readonly type: 'stop-containers'
      readonly targets: readonly StopTarget[]
      /** Nobody is left then who needs these: their removal begins when the last process has gone. */
      readonly lastSandboxes?: readonly string[]
    }
  | { readonly type: 'remove-container'; readonly id: string }
  | { readonly type: 'remove-sandbox'; readonly id: string }
  /** Wait (for a bounded time) until no proxy sends new connections to the pod. */
  | { readonly type: 'drain' }
  | { readonly type: 'write-final-status' }
  /** Give back the address, the host ports and the control group: nothing of the pod is to run any more. */
  | { readonly type: 'release' }
  /** Also remove all that is left of the pod, at once; with `finalStatus` it is said meanwhile how the pod ended. */
  | {
      readonly type: 'clean-up'
      readonly containers: readonly string[]
      readonly sandboxes: readonly string[]
      readonly finalStatus: boolean
    }
  /** Tell the API that nothing of the pod is left here. */
  | { readonly type: 'finish-deletion' }
  /** The pod may not run longer: note why. */
  | { readonly type: 'fail-pod'; readonly reason: string; readonly message: string }

export type StopStep = Extract<PodStep, { type: 'stop-containers' }>

export interface StopTarget {
  readonly container: ContainerState
  readonly graceSeconds: number
  /** Said in the Killing event. */
  readonly message: string
  /** Containers of the same step that get their SIGTERM and end before this one gets its own, while the grace lasts. */
  readonly after?: readonly string[]
  /** It starts again at once, with its new resources. */
  readonly forResize?: boolean
}

/** A container that should run and waits: for its restart after an end, or for the next try of its image. */
export type BackingOff =
  | {
      readonly type: 'restart'
      readonly container: string
      readonly delaySeconds: number
      readonly ended: ContainerState
      /** What is left of it. */
      readonly waitMs: number
    }
  | { readonly type: 'retry'; readonly container: string }

export interface PodPlan {
  readonly steps: readonly PodStep[]
  readonly backingOff: readonly BackingOff[]
  /** Plan again then, if nothing happens before; milliseconds since the epoch. */
  readonly wakeAt?: number
}

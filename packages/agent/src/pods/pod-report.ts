import type { Pod, PodStatus } from '@skiff/api'
import { PodProbes } from '../probes/pod-probes.ts'
import type { PodContainers } from '../runtime/runtime.ts'
import { podStatus } from '../status/pod-status.ts'
import { StatusWriter } from '../status/status-writer.ts'
import { liveSandbox } from './container-history.ts'
import { podIpOf } from './pod-addresses.ts'
import type { MutablePodMemory } from './pod-memory.ts'
import type { PodTools } from './pod-tools.ts'

export interface PodReportOptions {
  readonly tools: PodTools
  readonly memory: MutablePodMemory
  /** The newest wish; undefined: nobody asks for the pod any more. */
  readonly pod: () => Pod | undefined
  /** A probe judges otherwise than before. */
  readonly onProbed: () => void
  /** Under which uid the API knows the pod; undefined: not yet. */
  readonly apiUid: (pod: Pod) => string | undefined
  readonly random: () => number
  readonly signal: AbortSignal
}

const FINAL_STATUS_TIMEOUT_MS = 5_000

/** What is told of one pod: its status, with what its probes say of its containers. */
export class PodReport {
  readonly #options: PodReportOptions
  readonly #writer: StatusWriter
  readonly #probes: PodProbes

  constructor(options: PodReportOptions) {
    this.#options = options
    const { tools, memory, pod, onProbed, apiUid, random, signal } = options
    const { client, quietPace, logger, runtime, execSlots, now, meters, say } = tools
    this.#writer = new StatusWriter({ client, apiUid, quietPace, logger, random, signal })
    this.#probes = new PodProbes({
      ...{ runtime, execSlots, now, random, states: memory.probes, onChange: onProbed },
      onResult: (result) => meters.noteProbe(result),
      onEvent: ({ name }, reason, message) => {
        const about = pod()
        if (about) say(about, 'Warning', reason, message, name)
      },
    })
  }

  /** Has the API told what there is to tell now, and the containers probed that run. */
  publish(observed: PodContainers | undefined): void {
    const { tools, memory } = this.#options
    const pod = this.#options.pod()
    if (pod === undefined || observed === undefined) {
      this.stop()
      return
    }
    // What is left while its containers are taken away one by one says nothing of how the pod ended.
    if ((pod.metadata.deletionTimestamp || memory.isReclaimed) && memory.finalStatusWritten) return
    this.#probes.sync(pod, observed, liveSandbox(observed) ? podIpOf(pod, observed, tools) : '')
    this.#writer.write(pod, this.status(pod, observed))
  }

  /** Resolves when how the pod ended is in the API, or can't be for the moment. */
  async writeFinal(observed: PodContainers | undefined): Promise<void> {
    this.#options.memory.isOver = true
    this.publish(observed)
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, FINAL_STATUS_TIMEOUT_MS)
    })
    await Promise.race([this.#writer.flush(), late]).finally(() => clearTimeout(timer))
    this.#options.memory.finalStatusWritten = true
  }

  /** The newest status, written or not. */
  status(pod: Pod, observed: PodContainers): PodStatus {
    const { tools, memory } = this.#options
    const newest = this.newest(pod)
    const { status, ...rest } = pod
    const current = { ...rest, ...((newest.status ?? status) ? { status: newest.status ?? status } : {}) } as Pod
    return podStatus({ pod: current, observed, memory, nodeIp: tools.node.ip, now: tools.now() })
  }

  /** The pod as the API shows it, or as it answered the last write. */
  newest(pod: Pod): Pod {
    return this.#writer.newest(pod)
  }

  /** Whether this version of the pod is what the last write made of it. */
  hasWritten(pod: Pod): Promise<boolean> {
    return this.#writer.hasWritten(pod)
  }

  /** Ends the probes. */
  stop(): void {
    this.#probes.stop()
  }
}

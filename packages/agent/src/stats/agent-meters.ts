import { type Pod, podIsTerminal } from '@skiff/api'
import { Counter, Histogram, type Informer, type MetricFamily } from '@skiff/client'

const OPERATION_BOUNDS_S = [0.005, 0.0125, 0.03125, 0.078, 0.195, 0.488, 1.22, 3.05, 7.63, 19, 47.7, 119]
const RELIST_BOUNDS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const RELIST_INTERVAL_BOUNDS_S = [1, 5, 10, 30, 60, 120, 300]
const POD_START_BOUNDS_S = [0.1, 0.25, 0.5, 1, 2, 3, 4, 5, 6, 8, 10, 20, 30, 45, 60, 120, 300, 600, 1800, 3600]
const PROBE_BOUNDS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export interface ProbeResult {
  readonly kind: 'Startup' | 'Liveness' | 'Readiness'
  readonly container: string
  readonly pod: { readonly namespace: string; readonly name: string; readonly uid: string }
  readonly ok: boolean
  readonly seconds: number
}

/** What the agent counts of its own work, under the kubelet's names. */
export class AgentMeters {
  readonly #operations = new Counter('kubelet_runtime_operations_total', 'Calls of the container engine, by kind.')
  readonly #operationErrors = new Counter('kubelet_runtime_operations_errors_total', 'Those that failed, by kind.')
  readonly #operationSeconds = new Histogram(
    'kubelet_runtime_operations_duration_seconds',
    'How long calls of the container engine took, by kind.',
    OPERATION_BOUNDS_S,
  )
  readonly #relistSeconds = new Histogram(
    'kubelet_pleg_relist_duration_seconds',
    'How long it took to look at all containers.',
    RELIST_BOUNDS_S,
  )
  readonly #relistIntervals = new Histogram(
    'kubelet_pleg_relist_interval_seconds',
    'Time between two looks at all containers: its events tell what happens in between.',
    RELIST_INTERVAL_BOUNDS_S,
  )
  readonly #podStarts = new Histogram(
    'kubelet_pod_start_duration_seconds',
    'From when the agent first saw a pod until it ran.',
    POD_START_BOUNDS_S,
  )
  readonly #podStartTotals = new Histogram(
    'kubelet_pod_start_total_duration_seconds',
    "From a pod's creation until it ran.",
    POD_START_BOUNDS_S,
  )
  readonly #probes = new Counter('prober_probe_total', 'Probes of containers, by result.')
  readonly #probeSeconds = new Histogram('prober_probe_duration_seconds', 'How long probes took.', PROBE_BOUNDS_S)
  #relistedAt: number | undefined

  /** A call of the engine has ended. Times are milliseconds of one clock. */
  noteOperation(operation_type: string, { startMs, endMs, failed }: OperationTimes): void {
    const seconds = (endMs - startMs) / 1000
    this.#operations.increment({ operation_type })
    if (failed) this.#operationErrors.increment({ operation_type })
    this.#operationSeconds.observe(seconds, { operation_type })
    if (operation_type === RELIST) this.#noteRelist(startMs, seconds)
  }

  noteProbe({ kind, container, pod, ok, seconds }: ProbeResult): void {
    const labels = { probe_type: kind, container, pod: pod.name, namespace: pod.namespace }
    this.#probes.increment({ ...labels, pod_uid: pod.uid, result: ok ? 'successful' : 'failed' })
    this.#probeSeconds.observe(seconds, labels)
  }

  /** Measures each pod's way to Running, until the informer ends. */
  watchStarts(pods: Informer<Pod>, now: () => Date): void {
    const seenAt = new Map<string, number>()
    pods.onChange(({ type, object: pod }) => {
      const { uid } = pod.metadata
      if (type === 'deleted' || podIsTerminal(pod)) this.#forget(pod, seenAt)
      else if (pod.status?.phase === 'Running') this.#started(pod, seenAt, now().getTime())
      else if (!seenAt.has(uid)) seenAt.set(uid, now().getTime())
    })
  }

  families(): readonly MetricFamily[] {
    const meters = [this.#operations, this.#operationErrors, this.#operationSeconds, this.#relistSeconds, this.#relistIntervals]
    return [...meters, this.#podStarts, this.#podStartTotals].map((meter) => meter.family())
  }

  probeFamilies(): readonly MetricFamily[] {
    return [this.#probes.family(), this.#probeSeconds.family()]
  }

  #started(pod: Pod, seenAt: Map<string, number>, nowMs: number): void {
    const seen = seenAt.get(pod.metadata.uid)
    if (seen === undefined) return
    seenAt.delete(pod.metadata.uid)
    this.#podStarts.observe((nowMs - seen) / 1000)
    this.#podStartTotals.observe(Math.max(0, nowMs - Date.parse(pod.metadata.creationTimestamp ?? '')) / 1000)
  }

  #forget({ metadata }: Pod, seenAt: Map<string, number>): void {
    seenAt.delete(metadata.uid)
    this.#probes.forget((labels) => labels.pod_uid === metadata.uid)
    this.#probeSeconds.forget((labels) => labels.pod === metadata.name && labels.namespace === metadata.namespace)
  }

  #noteRelist(startMs: number, seconds: number): void {
    this.#relistSeconds.observe(seconds)
    if (this.#relistedAt !== undefined) this.#relistIntervals.observe((startMs - this.#relistedAt) / 1000)
    this.#relistedAt = startMs
  }
}

export const RELIST = 'list_podsandbox'

export interface OperationTimes {
  readonly startMs: number
  readonly endMs: number
  readonly failed: boolean
}

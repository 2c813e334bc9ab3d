/** What metrics.k8s.io says of pods, and which of them it can be trusted of. Pure. */

import { findCondition, isSidecar, type Pod, quantityToMilli } from '@skiff/api'

/** As `metrics.k8s.io/v1beta1` answers. */
export interface PodMetrics {
  readonly metadata: { readonly name: string }
  readonly timestamp: string
  /** Of what time it is the average: `10s`. */
  readonly window: string
  readonly containers: readonly { readonly name: string; readonly usage: Readonly<Record<string, string>> }[]
}

/** What one pod uses of a resource. */
export interface Sample {
  readonly milli: number
  readonly at: number
  readonly windowMs: number
}

export interface Measure {
  /** `cpu`, `memory` */
  readonly resource: string
  /** Absent: of all containers together. */
  readonly container?: string
}

/** By pod. Throws Error where a container that is asked for has no figures. */
export function samplesOf(metrics: readonly PodMetrics[], { resource, container }: Measure): Map<string, Sample> {
  const samples = new Map<string, Sample>()
  for (const { metadata, timestamp, window, containers } of metrics) {
    const measured = container === undefined ? containers : containers.filter(({ name }) => name === container)
    if (container !== undefined && measured.length === 0)
      throw new Error(`container ${container} not present in metrics for pod ${metadata.name}`)
    const amounts = measured.map(({ usage }) => usage[resource])
    // Of a part nothing follows for the whole.
    if (amounts.includes(undefined)) continue
    const milli = amounts.reduce((sum, amount) => sum + milliOf(amount), 0)
    samples.set(metadata.name, { milli, at: Date.parse(timestamp), windowMs: Number.parseFloat(window) * 1000 })
  }
  return samples
}

/** By pod: what it asks for, thousandths. Throws Error for a pod that says nothing: of that no share can be told. */
export function requestsOf(pods: readonly Pod[], { resource, container }: Measure): Map<string, number> {
  return new Map(pods.map((pod) => [pod.metadata.name, requestOf(pod, resource, container)]))
}

function requestOf({ metadata, spec }: Pod, resource: string, container: string | undefined): number {
  const own = spec.resources?.requests?.[resource]
  if (container === undefined && own !== undefined) return milliOf(own)
  const all = [...spec.containers, ...(spec.initContainers ?? []).filter(isSidecar)]
  return all
    .filter(({ name }) => container === undefined || name === container)
    .reduce((sum, { name, resources }) => {
      const request = resources?.requests?.[resource]
      if (request === undefined) throw new Error(`missing request for ${resource} in container ${name} of Pod ${metadata.name}`)
      return sum + milliOf(request)
    }, 0)
}

const milliOf = (amount: string | number | undefined): number => Number(quantityToMilli(amount ?? 0))

export interface PodGroups {
  /** How many can be judged by their figures. */
  readonly ready: number
  /** Pods that begin: what they use now says nothing of what they will. */
  readonly unready: readonly string[]
  /** Nobody has measured them. */
  readonly missing: readonly string[]
  /** Pods that leave or have failed. */
  readonly ignored: readonly string[]
}

/** A program's first minutes may be costlier than all that follows: while it isn't ready they count for nothing. */
const CPU_INITIALIZATION_MS = 5 * 60_000
/** Who was ready later than this after the start had been ready before. */
const INITIAL_READINESS_MS = 30_000

/** As upstream groups them (podautoscaler/replica_calculator.go). */
export function groupPods(
  pods: readonly Pod[],
  samples: ReadonlyMap<string, Sample>,
  { resource, now }: { readonly resource: string; readonly now: number },
): PodGroups {
  const groupOf = (pod: Pod): keyof PodGroups => {
    const { metadata, status } = pod
    if (metadata.deletionTimestamp !== undefined || status?.phase === 'Failed') return 'ignored'
    if (status?.phase === 'Pending') return 'unready'
    const sample = samples.get(metadata.name)
    if (sample === undefined) return 'missing'
    return resource === 'cpu' && isStarting(pod, sample, now) ? 'unready' : 'ready'
  }
  const grouped = Object.groupBy(pods, groupOf)
  const namesIn = (group: keyof PodGroups) => (grouped[group] ?? []).map(({ metadata }) => metadata.name)
  return {
    ready: grouped.ready?.length ?? 0,
    unready: namesIn('unready'),
    missing: namesIn('missing'),
    ignored: namesIn('ignored'),
  }
}

function isStarting({ status }: Pod, { at, windowMs }: Sample, now: number): boolean {
  const readiness = findCondition(status?.conditions, 'Ready')
  if (readiness === undefined || status?.startTime === undefined) return true
  const startedAt = Date.parse(status.startTime)
  const changedAt = Date.parse(readiness.lastTransitionTime ?? '')
  const isUnready = readiness.status === 'False'
  if (startedAt + CPU_INITIALIZATION_MS > now) return isUnready || at < changedAt + windowMs
  return isUnready && startedAt + INITIAL_READINESS_MS > changedAt
}

/** How many pods there should be (podautoscaler/horizontal.go). Pure. */

import {
  type HorizontalPodAutoscaler,
  type LabelRequirement,
  type Pod,
  parseLabelSelector,
  quantityToNumber,
  setCondition,
} from '@skiff/api'
import { errorMessage } from '../shared/errors.ts'
import type { Tolerance } from './propose-replicas.ts'
import { MetricError, type MetricReading, type MetricStatus, type ResourceAnswer, readMetric } from './read-metrics.ts'
import { limit, remembered, type ScalingHistory, stabilize } from './scaling-rules.ts'

export type AutoscalerStatus = NonNullable<HorizontalPodAutoscaler['status']>
type Conditions = AutoscalerStatus['conditions']

export type Selector =
  | { readonly text: string; readonly requirements: readonly LabelRequirement[] }
  | { readonly problem: string }

/** @param text in the form of a query */
export function readSelector(text: string | undefined): Selector {
  if (!text) return { problem: "the HPA target's scale is missing a selector" }
  try {
    return { text, requirements: parseLabelSelector(text) }
  } catch (error) {
    return { problem: `couldn't convert selector into a corresponding internal selector object: ${errorMessage(error)}` }
  }
}

export interface Observed {
  readonly autoscaler: HorizontalPodAutoscaler
  /** How many pods the target wants now. */
  readonly current: number
  /** Of the target's scale. */
  readonly selector: Selector
  /** Those that the selector selects. */
  readonly pods: readonly Pod[]
  readonly answer: ResourceAnswer
  /** Other autoscalers that some of the pods belong to. */
  readonly rivals: readonly string[]
  readonly history: ScalingHistory
  readonly now: Date
}

export interface Warning {
  readonly reason: string
  readonly message: string
}

export interface AutoscalerPlan {
  /** What the target is to be told; absent: it stays as it is. */
  readonly scale?: { readonly replicas: number; readonly reason: string }
  readonly status: AutoscalerStatus
  readonly history: ScalingHistory
  readonly warnings: readonly Warning[]
}

const DEFAULT_TOLERANCE = 0.1

export function planAutoscaler(observed: Observed): AutoscalerPlan {
  const { autoscaler, current, now } = observed
  const { minReplicas: min = 1, maxReplicas: max } = autoscaler.spec
  const able = withCondition(autoscaler.status?.conditions, now, ['AbleToScale', true, ...GOT_SCALE])
  const history = begun(observed)
  if (current === 0 && min !== 0) {
    const disabled = 'scaling is disabled since the replica count of the target is zero'
    const conditions = withCondition(able, now, ['ScalingActive', false, 'ScalingDisabled', disabled])
    return { status: statusOf(observed, { desired: 0, conditions }), history, warnings: [] }
  }
  const bound =
    current > max ? { replicas: max, reason: ABOVE_MAX } : current < min ? { replicas: min, reason: BELOW_MIN } : undefined
  if (bound !== undefined) {
    const status = statusOf(observed, { desired: bound.replicas, conditions: able })
    return { scale: bound, status, history, warnings: [] }
  }
  return planByMetrics(observed, able, history)
}

const GOT_SCALE = ['SucceededGetScale', "the HPA controller was able to get the target's current scale"] as const
const ABOVE_MAX = 'Current number of replicas above Spec.MaxReplicas'
const BELOW_MIN = 'Current number of replicas below Spec.MinReplicas'

/** What there is was thought right before anything was known: it isn't taken away before its time. */
function begun({ history, current, now }: Observed): ScalingHistory {
  const { recommendations, changes } = remembered(history, now.getTime())
  const known = recommendations.length > 0 ? recommendations : [{ at: now.getTime(), replicas: current }]
  return { recommendations: known, changes }
}

function planByMetrics(observed: Observed, able: Conditions, history: ScalingHistory): AutoscalerPlan {
  const { autoscaler, current, now } = observed
  const { minReplicas: min = 1, maxReplicas: max, behavior } = autoscaler.spec
  const reading = readMetrics(observed)
  if ('failure' in reading) {
    const { failure, warnings, metrics } = reading
    const conditions = withCondition(able, now, ['ScalingActive', false, failure.reason, failure.message])
    const desired = autoscaler.status?.desiredReplicas ?? 0
    return { status: statusOf(observed, { desired, conditions, metrics }), history, warnings }
  }
  const wanted = reading.replicas
  const input = { behavior, current, min, max, history, now: now.getTime() }
  const steady = stabilize(wanted, input)
  const verdict = limit(steady.replicas, input)
  const valid = `the HPA was able to successfully calculate a replica count from ${reading.name}`
  const conditions = [
    ['ScalingActive', true, 'ValidMetricFound', valid] as const,
    ['AbleToScale', true, steady.reason, steady.message] as const,
    ['ScalingLimited', verdict.replicas !== steady.replicas, verdict.reason, verdict.message] as const,
  ].reduce((all, one) => withCondition(all, now, one), able)
  const reason = wanted > current ? `${reading.name} above target` : 'All metrics below target'
  const recommendations = [...history.recommendations, { at: now.getTime(), replicas: wanted }]
  return {
    ...(verdict.replicas === current ? {} : { scale: { replicas: verdict.replicas, reason } }),
    status: statusOf(observed, { desired: verdict.replicas, conditions, metrics: reading.metrics }),
    history: { ...history, recommendations },
    warnings: reading.warnings,
  }
}

type Readings = { readonly metrics: readonly MetricStatus[]; readonly warnings: readonly Warning[] } & (
  | { readonly replicas: number; readonly name: string }
  | { readonly failure: Warning }
)

/** The metric that wants most pods decides. Those that say nothing keep pods from being taken away. */
function readMetrics(observed: Observed): Readings {
  const { autoscaler, current, selector, rivals } = observed
  if ('problem' in selector) {
    const failure = { reason: 'InvalidSelector', message: selector.problem }
    return failed([], failure, [failure], selector.problem)
  }
  if (rivals.length > 0) {
    const message = `pods by selector ${selector.text} are controlled by multiple HPAs: [${rivals.join(' ')}]`
    const failure = { reason: 'AmbiguousSelector', message }
    return failed([], failure, [failure], message)
  }
  const specs = autoscaler.spec.metrics ?? []
  const read = specs.map((spec) => readOrError(spec, observed))
  const errors = read.filter((one) => one instanceof MetricError)
  const readings = read.flatMap((one) => (one instanceof MetricError ? [] : [one]))
  const metrics = read.map((one) => (one instanceof MetricError ? { type: '' } : one.status))
  const warnings = errors.map(({ reason, message }) => ({ reason, message }))
  const most = readings.reduce<MetricReading | undefined>(
    (best, one) => (best && best.replicas >= one.replicas ? best : one),
    undefined,
  )
  const [first] = errors
  if (first !== undefined && (most === undefined || most.replicas < current)) {
    const failure = { reason: first.reason, message: `the HPA was unable to compute the replica count: ${first.message}` }
    const counted = `invalid metrics (${errors.length} invalid out of ${specs.length}), first error is: ${first.context}: ${first.message}`
    return failed(metrics, failure, warnings, counted)
  }
  return { metrics, warnings, replicas: most?.replicas ?? current, name: most?.name ?? '' }
}

function failed(metrics: readonly MetricStatus[], failure: Warning, warnings: readonly Warning[], cause: string): Readings {
  return { metrics, failure, warnings: [...warnings, { reason: 'FailedComputeMetricsReplicas', message: cause }] }
}

function readOrError(spec: Parameters<typeof readMetric>[0], observed: Observed): MetricReading | MetricError {
  const { current, pods, answer, now, autoscaler } = observed
  try {
    return readMetric(spec, { current, pods, answer, tolerance: toleranceOf(autoscaler), now: now.getTime() })
  } catch (error) {
    if (error instanceof MetricError) return error
    throw error
  }
}

function toleranceOf({ spec }: HorizontalPodAutoscaler): Tolerance {
  const { scaleUp, scaleDown } = spec.behavior ?? {}
  return {
    up: quantityToNumber(scaleUp?.tolerance ?? DEFAULT_TOLERANCE),
    down: quantityToNumber(scaleDown?.tolerance ?? DEFAULT_TOLERANCE),
  }
}

type Said = readonly [type: string, holds: boolean, reason: string, message: string]

export function withCondition(conditions: Conditions, now: Date, [type, holds, reason, message]: Said): NonNullable<Conditions> {
  return [...setCondition(conditions ?? [], { type, status: holds ? 'True' : 'False', reason, message }, now)]
}

interface StatusParts {
  readonly desired: number
  readonly conditions: Conditions
  readonly metrics?: readonly MetricStatus[]
}

function statusOf({ autoscaler, current }: Observed, { desired, conditions = [], metrics = [] }: StatusParts): AutoscalerStatus {
  const { lastScaleTime } = autoscaler.status ?? {}
  return {
    ...(lastScaleTime === undefined ? {} : { lastScaleTime }),
    currentReplicas: current,
    desiredReplicas: desired,
    currentMetrics: [...metrics],
    conditions,
  }
}

/** What each metric of an autoscaler speaks for. Pure. */

import { type HorizontalPodAutoscaler, type Pod, quantityOfMilli, quantityToMilli } from '@skiff/api'
import { errorMessage } from '../shared/errors.ts'
import type { Measure, PodMetrics } from './measured-pods.ts'
import { type Proposal, type ProposalInput, proposeByAverage, proposeByUtilization, type Tolerance } from './propose-replicas.ts'

export type MetricSpec = NonNullable<HorizontalPodAutoscaler['spec']['metrics']>[number]
export type MetricStatus = NonNullable<NonNullable<HorizontalPodAutoscaler['status']>['currentMetrics']>[number]
type Target = NonNullable<MetricSpec['resource']>['target']

/** The pods' own cpu and memory, or why they can't be told. */
export type ResourceAnswer = { readonly metrics: readonly PodMetrics[] } | { readonly problem: string }

export interface MetricInput {
  readonly current: number
  readonly pods: readonly Pod[]
  readonly answer: ResourceAnswer
  readonly tolerance: Tolerance
  readonly now: number
}

export interface MetricReading {
  readonly replicas: number
  /** As events name it: `cpu resource utilization (percentage of request)`. */
  readonly name: string
  readonly status: MetricStatus
}

/** A metric that says nothing. */
export class MetricError extends Error {
  override name = 'MetricError'
  /** Of the condition and the event. */
  readonly reason: string
  /** What the autoscaler's own failure says of it. */
  readonly context: string

  constructor(reason: string, context: string, message: string) {
    super(message)
    this.reason = reason
    this.context = context
  }
}

/** Throws MetricError. */
export function readMetric(metric: MetricSpec, input: MetricInput): MetricReading {
  switch (metric.type) {
    case 'Resource': {
      const { name = '', target } = metric.resource ?? {}
      const failure = { reason: 'FailedGetResourceMetric', context: `failed to get ${name} resource metric value` }
      const read = readResource({ resource: name }, target, failure, input)
      return {
        ...read,
        name: `${name} resource${read.suffix}`,
        status: { type: 'Resource', resource: { name, current: read.current } },
      }
    }
    case 'ContainerResource': {
      const { name = '', container = '', target } = metric.containerResource ?? {}
      const failure = { reason: 'FailedGetContainerResourceMetric', context: `failed to get ${name} container metric value` }
      const read = readResource({ resource: name, container }, target, failure, input)
      const status = { type: 'ContainerResource', containerResource: { name, container, current: read.current } }
      return { ...read, name: `${name} container resource${read.suffix}`, status }
    }
    default:
      throw new MetricError(
        `FailedGet${metric.type}Metric`,
        `failed to get ${metric.type.toLowerCase()} metric value`,
        `metrics of type ${metric.type} are not read here yet: use Resource or ContainerResource`,
      )
  }
}

interface Failure {
  readonly reason: string
  readonly context: string
}

interface ResourceReading {
  readonly replicas: number
  readonly suffix: string
  readonly current: { readonly averageValue: string; readonly averageUtilization?: number }
}

function readResource(measure: Measure, target: Target | undefined, failure: Failure, input: MetricInput): ResourceReading {
  const { averageValue, averageUtilization } = target ?? {}
  if (averageValue !== undefined) {
    const propose = (each: ProposalInput) => proposeByAverage(each, Number(quantityToMilli(averageValue)))
    const { replicas, averageMilli } = proposed('usage', measure, propose, failure, input)
    return { replicas, suffix: '', current: { averageValue: quantityOfMilli(averageMilli) } }
  }
  if (averageUtilization === undefined)
    throw new MetricError(
      failure.reason,
      failure.context,
      'invalid resource metric source: neither an average utilization target nor an average value (usage) target was set',
    )
  const propose = (each: ProposalInput) => proposeByUtilization(each, averageUtilization)
  const { replicas, averageMilli, utilization = 0 } = proposed('utilization', measure, propose, failure, input)
  const current = { averageUtilization: utilization, averageValue: quantityOfMilli(averageMilli) }
  return { replicas, suffix: ' utilization (percentage of request)', current }
}

function proposed(
  what: 'usage' | 'utilization',
  measure: Measure,
  propose: (input: ProposalInput) => Proposal,
  { reason, context }: Failure,
  { answer, ...input }: MetricInput,
): Proposal {
  try {
    if ('problem' in answer) throw new Error(`unable to get metrics for resource ${measure.resource}: ${answer.problem}`)
    return propose({ ...input, measure, metrics: answer.metrics })
  } catch (error) {
    throw new MetricError(reason, context, `failed to get ${measure.resource} ${what}: ${errorMessage(error)}`)
  }
}

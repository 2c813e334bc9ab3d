/** How many pods a resource's figures speak for (podautoscaler/replica_calculator.go). Pure. */

import type { Pod } from '@skiff/api'
import { groupPods, type Measure, type PodMetrics, requestsOf, samplesOf } from './measured-pods.ts'

export interface Proposal {
  readonly replicas: number
  /** What a pod uses on the average, thousandths. */
  readonly averageMilli: number
  /** Of what the pods ask for; absent where they aren't judged by it. */
  readonly utilization?: number
}

export interface ProposalInput {
  readonly measure: Measure
  /** How many there should be by now. */
  readonly current: number
  /** All that the target's selector selects. */
  readonly pods: readonly Pod[]
  readonly metrics: readonly PodMetrics[]
  readonly tolerance: Tolerance
  readonly now: number
}

/** So far the figures may be off, as a share, before anything is done. */
export interface Tolerance {
  readonly up: number
  readonly down: number
}

/** By what share of their requests the pods use. Throws Error, in upstream's words, where that can't be told. */
export function proposeByUtilization(input: ProposalInput, targetPercent: number): Proposal {
  const requests = () => requestsOf(input.pods, input.measure)
  return propose(input, (known) => {
    const asked = requests()
    const percentOf = (values: Values) => {
      const measured = [...values].filter(([name]) => asked.has(name))
      const total = sum(measured.map(([name]) => asked.get(name) ?? 0))
      if (total === 0) throw new Error('no metrics returned matched known pods')
      return Math.trunc((sum(measured.map(([, milli]) => milli)) * 100) / total)
    }
    return {
      ratioOf: (values) => percentOf(values) / targetPercent,
      // A pod that nobody measures is taken to use all that it asks for before others are taken away.
      atTarget: (name) => ((asked.get(name) ?? 0) * Math.max(100, targetPercent)) / 100,
      utilization: percentOf(known),
    }
  })
}

/** By what a pod uses on the average. Throws as the other does. */
export function proposeByAverage(input: ProposalInput, targetMilli: number): Proposal {
  return propose(input, () => ({
    ratioOf: (values) => averageOf(values) / targetMilli,
    atTarget: () => targetMilli,
  }))
}

/** Thousandths, by pod. */
type Values = ReadonlyMap<string, number>

interface Scale {
  /** What is used to what should be. */
  ratioOf(values: Values): number
  /** What a pod uses that is just as busy as it should be. */
  atTarget(pod: string): number
  readonly utilization?: number
}

function propose(input: ProposalInput, scaleOf: (known: Values) => Scale): Proposal {
  const { pods, metrics, measure, now } = input
  if (metrics.length === 0)
    throw new Error(`unable to get metrics for resource ${measure.resource}: no metrics returned from resource metrics API`)
  if (pods.length === 0) throw new Error('no pods returned by selector while calculating replica count')
  const samples = samplesOf(metrics, measure)
  const groups = groupPods(pods, samples, { resource: measure.resource, now })
  const left = new Set([...groups.ignored, ...groups.unready])
  const known = new Map([...samples].flatMap(([name, { milli }]) => (left.has(name) ? [] : [[name, milli] as const])))
  if (known.size === 0) throw new Error('did not receive metrics for targeted pods (pods might be unready)')
  const scale = scaleOf(known)
  const replicas = replicasFor(known, groups, scale, input)
  return {
    replicas,
    averageMilli: averageOf(known),
    ...(scale.utilization === undefined ? {} : { utilization: scale.utilization }),
  }
}

/** Pods that can't be judged are thought of so that less is done: idle ones where more pods are wanted, busy ones where fewer are. */
function replicasFor(
  known: Values,
  { ready, unready, missing }: ReturnType<typeof groupPods>,
  { ratioOf, atTarget }: Scale,
  { current, tolerance }: ProposalInput,
): number {
  const isWithin = (ratio: number) => ratio >= 1 - tolerance.down && ratio <= 1 + tolerance.up
  const ratio = ratioOf(known)
  const unreadyCount = unready.length > 0 && ratio > 1
  if (!unreadyCount && missing.length === 0) return isWithin(ratio) ? current : Math.ceil(ratio * ready)

  const thought = new Map(known)
  if (ratio < 1) for (const name of missing) thought.set(name, atTarget(name))
  if (ratio > 1) for (const name of missing) thought.set(name, 0)
  if (unreadyCount) for (const name of unready) thought.set(name, 0)
  const newRatio = ratioOf(thought)
  const hasTurned = (ratio < 1 && newRatio > 1) || (ratio > 1 && newRatio < 1)
  if (isWithin(newRatio) || hasTurned) return current
  const replicas = Math.ceil(newRatio * thought.size)
  return newRatio < 1 ? Math.min(replicas, current) : Math.max(replicas, current)
}

function averageOf(values: Values): number {
  return Math.trunc(sum([...values.values()]) / values.size)
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0)
}

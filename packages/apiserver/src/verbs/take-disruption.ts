import {
  ApiError,
  forbidden,
  type KubeObject,
  labelSelectorMatches,
  POD_DISRUPTION_BUDGETS,
  type Pod,
  type PodDisruptionBudget,
  podIsReady,
  rfc3339,
  type StatusCause,
  setCondition,
} from '@skiff/api'
import type { Call } from '../http/call.ts'
import type { WriteContext } from '../registry/write-context.ts'

export interface Taken {
  /** The budget's name. */
  readonly name: string
  /** False: the pod isn't healthy, and the budget has no say in it. */
  readonly paid: boolean
}

/** So many evictions may be granted before the controller has noticed them. */
const MAX_DISRUPTED_PODS = 2_000
const RETRY_AFTER_SECONDS = 10
const REFUSAL = "Cannot evict pod as it would violate the pod's disruption budget."

/**
 * Takes one disruption from the pod's budget; undefined when it has none. Of two at the same time that want the last
 * one, one gets it. Throws TooManyRequests.
 */
export async function takeDisruption(call: Call, pod: Pod, write: WriteContext): Promise<Taken | undefined> {
  const { objects } = call.registries
  const budgets = objects.list<PodDisruptionBudget>(POD_DISRUPTION_BUDGETS, pod.metadata.namespace).filter(({ spec }) => {
    return labelSelectorMatches(spec.selector, pod.metadata.labels ?? {})
  })
  const [budget, ...others] = budgets
  if (budget === undefined) return undefined
  if (others.length > 0) {
    const why = 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.'
    throw new ApiError('InternalError', why)
  }
  const { name } = budget.metadata
  if (!podIsReady(pod) && unhealthyMayGo(budget)) return { name, paid: false }
  await take(call, budget, { pod, write })
  return { name, paid: true }
}

function unhealthyMayGo({ spec, status }: PodDisruptionBudget): boolean {
  if (spec.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true
  const { currentHealthy = 0, desiredHealthy = 0 } = status ?? {}
  return desiredHealthy > 0 && currentHealthy >= desiredHealthy
}

async function take(
  call: Call,
  { metadata }: PodDisruptionBudget,
  { pod, write }: { pod: Pod; write: WriteContext },
): Promise<void> {
  const { name, namespace = '' } = metadata
  const apply = (old: KubeObject | undefined): KubeObject => {
    const budget = structuredClone(old) as unknown as PodDisruptionBudget
    requireDisruption(budget)
    budget.metadata.resourceVersion = ''
    budget.status = withoutOne(budget, pod.metadata.name, call.now)
    return budget as unknown as KubeObject
  }
  const change = { subresource: 'status' as const, createIfMissing: false, apply }
  await call.registries.find(POD_DISRUPTION_BUDGETS)?.update({ namespace, name }, change, write)
}

function requireDisruption({ metadata, status }: PodDisruptionBudget): void {
  const {
    observedGeneration = 0,
    disruptionsAllowed = 0,
    disruptedPods = {},
    desiredHealthy = 0,
    currentHealthy = 0,
  } = status ?? {}
  if (observedGeneration < (metadata.generation ?? 0)) throw beingProcessed(metadata.name)
  if (disruptionsAllowed < 0) throw forbidden('poddisruptionbudgets.policy', metadata.name, 'pdb disruptions allowed is negative')
  if (Object.keys(disruptedPods).length > MAX_DISRUPTED_PODS) {
    const why = 'DisruptedPods map too big - too many evictions not confirmed by PDB controller'
    throw forbidden('poddisruptionbudgets.policy', metadata.name, why)
  }
  if (disruptionsAllowed > 0) return
  const needs = `The disruption budget ${metadata.name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`
  throw new ApiError('TooManyRequests', REFUSAL, { details: { causes: [cause(needs)] } })
}

function withoutOne({ status }: PodDisruptionBudget, podName: string, now: Date): NonNullable<PodDisruptionBudget['status']> {
  const { disruptionsAllowed = 0, disruptedPods, conditions = [], ...rest } = status ?? {}
  const left = disruptionsAllowed - 1
  const exhausted = { type: 'DisruptionAllowed', status: 'False', reason: 'InsufficientPods', message: '' }
  return {
    ...rest,
    disruptionsAllowed: left,
    disruptedPods: { ...disruptedPods, [podName]: rfc3339(now) },
    conditions: left === 0 ? [...setCondition(conditions, exhausted as never, now)] : conditions,
  } as NonNullable<PodDisruptionBudget['status']>
}

/** The budget's controller has still to look at it. */
export function beingProcessed(name: string): ApiError {
  const causes = [cause(`The disruption budget ${name} is still being processed by the server.`)]
  return new ApiError('TooManyRequests', REFUSAL, { details: { causes, retryAfterSeconds: RETRY_AFTER_SECONDS } })
}

function cause(message: string): StatusCause {
  return { reason: 'DisruptionBudget', message }
}

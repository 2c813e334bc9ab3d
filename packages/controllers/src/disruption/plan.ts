import { labelSelectorMatches, type Pod, type PodDisruptionBudget, podIsReady, setCondition } from '@skiff/api'

type Status = NonNullable<PodDisruptionBudget['status']>

/** So long after an eviction was granted its pod counts as gone, whether it is or not. */
export const DISRUPTION_TIMEOUT_MS = 120_000

/** A budget without a selector is about nothing, one with an empty selector about everything. */
export function podsOf({ spec }: PodDisruptionBudget, pods: readonly Pod[]): Pod[] {
  return pods.filter(({ metadata }) => labelSelectorMatches(spec.selector, metadata.labels ?? {}))
}

/** Whether it matters how many pods their owners want, and not only how many there are. */
export function needsScales({ spec }: PodDisruptionBudget): boolean {
  return spec.maxUnavailable !== undefined || typeof spec.minAvailable === 'string'
}

export interface Observed {
  readonly budget: PodDisruptionBudget
  /** Those that its selector selects. */
  readonly pods: readonly Pod[]
  /** How many pods their owners want in all; undefined: they were not asked. */
  readonly wanted: number | undefined
  readonly now: Date
}

/** What the budget allows now (k8s.io/kubernetes/pkg/controller/disruption). */
export function budgetStatus({ budget, pods, wanted, now }: Observed): Status {
  const expectedPods = wanted ?? pods.length
  const desiredHealthy = healthyWanted(budget, expectedPods)
  const disruptedPods = stillDisrupted(budget, pods, now)
  const currentHealthy = pods.filter((pod) => isHealthy(pod, disruptedPods)).length
  const allowed = expectedPods > 0 ? Math.max(0, currentHealthy - desiredHealthy) : 0
  const counts = { currentHealthy, desiredHealthy, disruptionsAllowed: allowed, expectedPods }
  return withCondition(budget, { ...counts, ...(Object.keys(disruptedPods).length > 0 ? { disruptedPods } : {}) }, now)
}

/** When it can't be known how many there should be, nothing is allowed. */
export function failedStatus(budget: PodDisruptionBudget, why: string, now: Date): Status {
  const { currentHealthy = 0, desiredHealthy = 0, expectedPods = 0, ...rest } = budget.status ?? {}
  const status = { ...rest, currentHealthy, desiredHealthy, expectedPods, disruptionsAllowed: 0 }
  return withCondition(budget, status, now, { reason: 'SyncFailed', message: why })
}

function healthyWanted({ spec }: PodDisruptionBudget, expected: number): number {
  if (spec.maxUnavailable !== undefined) return Math.max(0, expected - share(spec.maxUnavailable, expected))
  return spec.minAvailable === undefined ? 0 : share(spec.minAvailable, expected)
}

/** Percentages are rounded up, of what may be away too: that is how upstream reads them. */
function share(amount: number | string, of: number): number {
  return typeof amount === 'number' ? amount : Math.ceil((Number.parseInt(amount, 10) * of) / 100)
}

type Disrupted = Readonly<Record<string, string>>

function stillDisrupted({ status }: PodDisruptionBudget, pods: readonly Pod[], now: Date): Disrupted {
  const waiting = new Set(pods.filter(({ metadata }) => !metadata.deletionTimestamp).map(({ metadata }) => metadata.name))
  const entries = Object.entries(status?.disruptedPods ?? {}).map(([name, time]) => [name, String(time)] as const)
  return Object.fromEntries(
    entries.filter(([name, time]) => waiting.has(name) && Date.parse(time) + DISRUPTION_TIMEOUT_MS > now.getTime()),
  )
}

function isHealthy(pod: Pod, disrupted: Disrupted): boolean {
  return !pod.metadata.deletionTimestamp && disrupted[pod.metadata.name] === undefined && podIsReady(pod)
}

function withCondition(
  { metadata, status: before }: PodDisruptionBudget,
  status: Omit<Status, 'conditions' | 'observedGeneration'>,
  now: Date,
  failure?: { readonly reason: string; readonly message: string },
): Status {
  const allowed = (status.disruptionsAllowed ?? 0) > 0
  const verdict = failure ?? { reason: allowed ? 'SufficientPods' : 'InsufficientPods', message: '' }
  const observedGeneration = metadata.generation ?? 0
  const condition = { type: 'DisruptionAllowed', status: allowed ? 'True' : 'False', ...verdict, observedGeneration }
  const conditions = setCondition(before?.conditions ?? [], condition as never, now)
  return { ...status, observedGeneration, conditions: [...conditions] } as Status
}

/** Milliseconds until the next of the granted evictions is forgotten. */
export function nextTimeout({ disruptedPods }: Status, now: Date): number | undefined {
  const times = Object.values(disruptedPods ?? {}).map((time) => Date.parse(String(time)) + DISRUPTION_TIMEOUT_MS)
  return times.length === 0 ? undefined : Math.max(0, Math.min(...times) - now.getTime())
}

/** How far and how fast pods may be added and taken away (`spec.behavior`). Pure. */

import { DEFAULT_SCALE_DOWN, DEFAULT_SCALE_UP, type HorizontalPodAutoscaler } from '@skiff/api'

type Behavior = HorizontalPodAutoscaler['spec']['behavior']
type Rules = NonNullable<NonNullable<Behavior>['scaleUp']>
type Policy = NonNullable<Rules['policies']>[number]

/** Whoever says nothing has no pods taken away for so long after more were thought right. */
const SCALE_DOWN_WINDOW_SECONDS = 300

/** What was thought right at a time, before any rule. */
export interface Recommendation {
  readonly at: number
  readonly replicas: number
}

/** Pods that were added; fewer than none: taken away. */
export interface Change {
  readonly at: number
  readonly by: number
}

/** What is remembered of an autoscaler. A new master begins with what there is. */
export interface ScalingHistory {
  readonly recommendations: readonly Recommendation[]
  readonly changes: readonly Change[]
}

export interface ScalingInput {
  readonly behavior: Behavior
  readonly current: number
  readonly min: number
  readonly max: number
  readonly history: ScalingHistory
  readonly now: number
}

export interface Verdict {
  readonly replicas: number
  readonly reason: string
  readonly message: string
}

const rulesUp = (behavior: Behavior): Rules => ({ ...DEFAULT_SCALE_UP, ...behavior?.scaleUp })
const rulesDown = (behavior: Behavior): Rules => ({ ...DEFAULT_SCALE_DOWN, ...behavior?.scaleDown })

/** Of what was thought right within the window of either direction, what is nearest to what there is. */
export function stabilize(wanted: number, input: ScalingInput): Verdict {
  const { behavior, current } = input
  const within = (seconds: number) => recommendedWithin(seconds, input)
  const up = Math.min(wanted, ...within(rulesUp(behavior).stabilizationWindowSeconds ?? 0))
  const down = Math.max(wanted, ...within(rulesDown(behavior).stabilizationWindowSeconds ?? SCALE_DOWN_WINDOW_SECONDS))
  const replicas = Math.min(Math.max(current, up), down)
  if (replicas === wanted) return { replicas, reason: 'ReadyForNewScale', message: 'recommended size matches current size' }
  return wanted >= current
    ? {
        replicas,
        reason: 'ScaleUpStabilized',
        message: 'recent recommendations were lower than current one, applying the lowest recent recommendation',
      }
    : {
        replicas,
        reason: 'ScaleDownStabilized',
        message: 'recent recommendations were higher than current one, applying the highest recent recommendation',
      }
}

function recommendedWithin(seconds: number, { history, now }: ScalingInput): number[] {
  return history.recommendations.filter(({ at }) => at > now - seconds * 1000).map(({ replicas }) => replicas)
}

/** What of it is within the bounds and the rates. */
export function limit(wanted: number, input: ScalingInput): Verdict {
  const { behavior, current, min, max } = input
  if (wanted > current) {
    const fastest = Math.max(current, limitOf(rulesUp(behavior), input, growth))
    const most = Math.min(max, fastest)
    if (wanted > most) return { replicas: most, ...(max > fastest ? TOO_FAST_UP : TOO_MANY) }
  }
  if (wanted < current) {
    const fastest = Math.min(current, limitOf(rulesDown(behavior), input, shrinkage))
    const least = Math.max(min, fastest)
    if (wanted < least) return { replicas: least, ...(min < fastest ? TOO_FAST_DOWN : TOO_FEW) }
  }
  return { replicas: wanted, reason: 'DesiredWithinRange', message: 'the desired count is within the acceptable range' }
}

const TOO_FAST_UP = {
  reason: 'ScaleUpLimit',
  message: 'the desired replica count is increasing faster than the maximum scale rate',
}
const TOO_MANY = { reason: 'TooManyReplicas', message: 'the desired replica count is more than the maximum replica count' }
const TOO_FAST_DOWN = {
  reason: 'ScaleDownLimit',
  message: 'the desired replica count is decreasing faster than the maximum scale rate',
}
const TOO_FEW = { reason: 'TooFewReplicas', message: 'the desired replica count is less than the minimum replica count' }

/** In which direction a policy leads from what there was at the beginning of its period. */
interface Direction {
  byPods(start: number, value: number): number
  byPercent(start: number, value: number): number
  /** Which of several limits lets most happen. */
  readonly widest: (...limits: number[]) => number
  readonly narrowest: (...limits: number[]) => number
}

const growth: Direction = {
  byPods: (start, value) => start + value,
  byPercent: (start, value) => Math.ceil(start * (1 + value / 100)),
  widest: Math.max,
  narrowest: Math.min,
}

const shrinkage: Direction = {
  byPods: (start, value) => start - value,
  byPercent: (start, value) => Math.trunc(start * (1 - value / 100)),
  widest: Math.min,
  narrowest: Math.max,
}

function limitOf({ selectPolicy, policies = [] }: Rules, input: ScalingInput, direction: Direction): number {
  if (selectPolicy === 'Disabled') return input.current
  const limits = policies.map((policy) => {
    const start = input.current - changedWithin(policy, input)
    return policy.type === 'Pods' ? direction.byPods(start, policy.value) : direction.byPercent(start, policy.value)
  })
  return selectPolicy === 'Min' ? direction.narrowest(...limits) : direction.widest(...limits)
}

function changedWithin({ periodSeconds }: Policy, { history, now }: ScalingInput): number {
  return history.changes.filter(({ at }) => at > now - periodSeconds * 1000).reduce((sum, { by }) => sum + by, 0)
}

/** Longer than any window or period may be (validation allows an hour, and half of one). */
const REMEMBERED_MS = 3_600_000

/** Without what no rule looks at any more. */
export function remembered({ recommendations, changes }: ScalingHistory, now: number): ScalingHistory {
  const isRecent = ({ at }: { readonly at: number }) => at > now - REMEMBERED_MS
  return { recommendations: recommendations.filter(isRecent), changes: changes.filter(isRecent) }
}

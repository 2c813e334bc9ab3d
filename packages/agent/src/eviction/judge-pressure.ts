import { conditionOf, type Observations, type PressureCondition } from './signals.ts'
import { isMet, type Threshold } from './thresholds.ts'

/** What is remembered from one look to the next. */
export interface PressureState {
  /** Since when too little was there, by the place of the threshold in the configuration. */
  readonly metSinceMs: ReadonlyMap<number, number>
  readonly lastSeenMs: ReadonlyMap<PressureCondition, number>
}

export interface PressureInput {
  readonly thresholds: readonly Threshold[]
  readonly observations: Observations
  readonly state: PressureState
  /** A condition stays so long after it was last seen: a node that swings must not take pods and throw them out again. */
  readonly transitionMs: number
  readonly nowMs: number
}

interface Verdict {
  readonly state: PressureState
  readonly conditions: ReadonlySet<PressureCondition>
  /** What pods are to go for now, if any. */
  readonly act: Threshold | undefined
}

export const NO_PRESSURE: PressureState = { metSinceMs: new Map(), lastSeenMs: new Map() }

/** What a node lacks, and whether something must be done about it, as the kubelet's eviction manager decides. Pure. */
export function judgePressure({ thresholds, observations, state, transitionMs, nowMs }: PressureInput): Verdict {
  const met = thresholds.flatMap((threshold, place) =>
    isMet(threshold, observations, state.metSinceMs.has(place)) ? [{ threshold, place }] : [],
  )
  const metSinceMs = new Map(met.map(({ place }) => [place, state.metSinceMs.get(place) ?? nowMs]))
  const lastSeenMs = new Map(state.lastSeenMs)
  for (const { threshold } of met) lastSeenMs.set(conditionOf(threshold.signal), nowMs)
  for (const [condition, seenMs] of lastSeenMs) {
    if (seenMs < nowMs && nowMs - seenMs >= transitionMs) lastSeenMs.delete(condition)
  }
  const due = met.filter(({ threshold, place }) => nowMs - (metSinceMs.get(place) ?? nowMs) >= threshold.graceMs)
  return { state: { metSinceMs, lastSeenMs }, conditions: new Set(lastSeenMs.keys()), act: mostUrgent(due)?.threshold }
}

/** Memory first: nothing but a pod's end frees it. */
function mostUrgent<T extends { readonly threshold: Threshold }>(due: readonly T[]): T | undefined {
  return due.find(({ threshold }) => threshold.signal === 'memory.available') ?? due[0]
}

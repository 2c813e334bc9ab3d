/** The `status.conditions` lists that most kinds carry. */

import { rfc3339 } from './time.ts'

/** What every kind's conditions share. */
export interface ConditionLike {
  type: string
  status: string
  reason?: string
  message?: string
  lastTransitionTime?: string
}

export function findCondition<T extends { type: string }>(conditions: readonly T[] | undefined, type: string): T | undefined {
  return conditions?.find((condition) => condition.type === type)
}

/** Whether the condition is there and `True`. */
export function conditionIsTrue(conditions: readonly ConditionLike[] | undefined, type: string): boolean {
  return findCondition(conditions, type)?.status === 'True'
}

/**
 * The list with this condition in it, in its old place if it had one. `lastTransitionTime` is `now` when the status
 * changes and stays as it was otherwise. Gives back the same list when nothing changes.
 */
export function setCondition<T extends ConditionLike>(
  conditions: readonly T[] | undefined,
  condition: Untimed<NoInfer<T>>,
  now: Date,
): readonly T[] {
  const previous = findCondition(conditions, condition.type)
  // An untimed condition with its time is a condition again, which TypeScript cannot see through Omit.
  const next = { ...condition, lastTransitionTime: transitionTime(previous, condition, now) } as unknown as T
  if (conditions === undefined || previous === undefined) return [...(conditions ?? []), next]
  return sameFields(previous, next) ? conditions : conditions.map((each) => (each === previous ? next : each))
}

/** A condition whose time may be left to `setCondition`. */
type Untimed<T extends ConditionLike> = Omit<T, 'lastTransitionTime'> & ConditionLike

function transitionTime(previous: ConditionLike | undefined, next: ConditionLike, now: Date): string {
  if (previous?.lastTransitionTime !== undefined && previous.status === next.status) return previous.lastTransitionTime
  return next.lastTransitionTime ?? rfc3339(now)
}

function sameFields(a: object, b: object): boolean {
  const keys = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...keys].every((key) => Reflect.get(a, key) === Reflect.get(b, key))
}

import type { PodCondition, PodStatus } from '@skiff/api'
import { PASSING_CONDITIONS } from './pod-conditions.ts'

/**
 * The strategic merge patch from one status to another; undefined when nothing differs. Conditions are merged by type, so that
 * those of other writers stay; their order is the desired one.
 */
export function statusPatch(before: PodStatus | undefined, desired: PodStatus): Record<string, unknown> | undefined {
  const old = (before ?? {}) as Record<string, unknown>
  const patch: Record<string, unknown> = {}
  for (const [field, value] of Object.entries(desired)) {
    if (field !== 'conditions' && !isSame(old[field], value)) patch[field] = value
  }
  for (const field of OWN_FIELDS) {
    if (old[field] !== undefined && !(field in desired)) patch[field] = null
  }
  const changed = changedConditions(before?.conditions ?? [], desired.conditions ?? [])
  if (changed.length > 0) {
    patch.conditions = changed
    patch['$setElementOrder/conditions'] = (desired.conditions ?? []).map(({ type }) => ({ type }))
  }
  return Object.keys(patch).length > 0 ? patch : undefined
}

/** Fields that the agent takes away again. */
const OWN_FIELDS = ['reason', 'message', 'podIP', 'podIPs', 'initContainerStatuses', 'ephemeralContainerStatuses']

/** A condition's field that is no more needs a null, since the patch merges into the old one. */
function changedConditions(before: readonly PodCondition[], desired: readonly PodCondition[]): Record<string, unknown>[] {
  const old = new Map(before.map((condition) => [condition.type, condition as unknown as Record<string, unknown>]))
  const over = before.filter(({ type }) => PASSING_CONDITIONS.includes(type) && !desired.some((one) => one.type === type))
  const deleted = over.map(({ type }) => ({ type, $patch: 'delete' }))
  const changed = desired.flatMap((condition) => {
    const known = old.get(condition.type) ?? {}
    if (isSame(known, condition)) return []
    const gone = Object.keys(known).filter((field) => !(field in condition))
    return [{ ...condition, ...Object.fromEntries(gone.map((field) => [field, null])) }]
  })
  return [...changed, ...deleted]
}

/** Equal as the API sees it: null, absent and an empty object say the same. */
function isSame(a: unknown, b: unknown): boolean {
  if (isEmpty(a) || isEmpty(b)) return isEmpty(a) && isEmpty(b)
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, index) => isSame(item, b[index]))
  if (typeof a !== 'object' || typeof b !== 'object') return a === b
  const keys = new Set([...Object.keys(a as object), ...Object.keys(b as object)])
  return [...keys].every((key) => isSame((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]))
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true
  return typeof value === 'object' && !Array.isArray(value) && Object.values(value).every(isEmpty)
}

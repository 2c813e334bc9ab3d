import {
  addAmounts,
  amountsOf,
  type KindInfo,
  type KubeObject,
  quotaNamesOf,
  quotaScopesMatch,
  quotaUsage,
  type ResourceQuota,
} from '@skiff/api'

type Kind = Pick<KindInfo, 'group' | 'resource' | 'namespaced'>

/** Whether objects of the kind use up something that the quota limits. */
export function isLimited(kind: Kind, { spec }: ResourceQuota): boolean {
  // Events come and go by the thousand: no quota counts them.
  if (!kind.namespaced || kind.resource === 'events') return false
  return quotaNamesOf(kind, Object.keys(spec.hard ?? {})).length > 0
}

/** Names that no kind which is served answers for: perhaps their kind is still to come. */
export function unknownNames(kinds: readonly Kind[], { spec }: ResourceQuota): string[] {
  const names = Object.keys(spec.hard ?? {})
  const known = new Set(kinds.flatMap((kind) => quotaNamesOf(kind, names)))
  return names.filter((name) => !known.has(name))
}

export interface Counted {
  readonly kind: Kind
  readonly objects: readonly KubeObject[]
}

/** The status that the quota should have; names of which nothing is known keep what they had. */
export function quotaStatus(quota: ResourceQuota, counted: readonly Counted[], now: Date): NonNullable<ResourceQuota['status']> {
  const hard = quota.spec.hard ?? {}
  const names = Object.keys(hard)
  let used = Object.fromEntries(names.map((name) => [name, String(quota.status?.used?.[name] ?? '0')]))
  for (const { kind, objects } of counted) used = { ...used, ...usageOf(quota, { kind, objects }, now) }
  return { hard: { ...hard }, used }
}

function usageOf(quota: ResourceQuota, { kind, objects }: Counted, now: Date): Record<string, string> {
  const names = quotaNamesOf(kind, Object.keys(quota.spec.hard ?? {}))
  let total: Record<string, string> = Object.fromEntries(names.map((name) => [name, '0']))
  for (const object of objects) {
    if (quotaScopesMatch(quota, kind, object)) total = addAmounts(total, amountsOf(quotaUsage(kind, object, now), names))
  }
  return total
}

/** Kinds of which more counts than how many there are. */
export function needsWholeObjects({ group, resource }: Kind): boolean {
  return group === '' && ['pods', 'services', 'persistentvolumeclaims'].includes(resource)
}

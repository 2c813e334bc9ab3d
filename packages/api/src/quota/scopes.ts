/** Which objects a quota with scopes is about. */

import type { KindInfo } from '../kinds.ts'
import { labelSelectorMatches } from '../label-selectors.ts'
import { podQosClass } from '../pods.ts'
import type { KubeObject, PersistentVolumeClaim, Pod, PodSpec, ResourceQuota } from '../types.ts'
import { claimAttributesClasses } from '../volumes.ts'

type Requirement = NonNullable<NonNullable<ResourceQuota['spec']['scopeSelector']>['matchExpressions']>[number]

/** Whether every scope of the quota holds for the object. Scopes are known of pods and claims only. */
export function quotaScopesMatch(
  { spec }: ResourceQuota,
  info: Pick<KindInfo, 'group' | 'resource'>,
  object: KubeObject,
): boolean {
  const scopes = (spec.scopes ?? []).map((scopeName): Requirement => ({ scopeName, operator: 'Exists' }))
  const requirements = [...scopes, ...(spec.scopeSelector?.matchExpressions ?? [])]
  return requirements.every((requirement) => scopeHolds(requirement, info, object))
}

function scopeHolds(requirement: Requirement, info: Pick<KindInfo, 'group' | 'resource'>, object: KubeObject): boolean {
  if (info.group !== '') return false
  if (info.resource === 'pods') return podScopeHolds(requirement, (object as unknown as Pod).spec)
  return info.resource === 'persistentvolumeclaims' && claimScopeHolds(requirement, object as unknown as PersistentVolumeClaim)
}

function podScopeHolds(requirement: Requirement, spec: PodSpec): boolean {
  switch (requirement.scopeName) {
    case 'Terminating':
      return spec.activeDeadlineSeconds !== undefined
    case 'NotTerminating':
      return spec.activeDeadlineSeconds === undefined
    case 'BestEffort':
      return podQosClass(spec) === 'BestEffort'
    case 'NotBestEffort':
      return podQosClass(spec) !== 'BestEffort'
    case 'PriorityClass':
      return valueMatches(requirement, spec.priorityClassName ? [spec.priorityClassName] : [])
    case 'CrossNamespacePodAffinity':
      return affinityTerms(spec).some(({ namespaces, namespaceSelector }) => (namespaces ?? []).length > 0 || namespaceSelector)
    default:
      return false
  }
}

function claimScopeHolds(requirement: Requirement, claim: PersistentVolumeClaim): boolean {
  return requirement.scopeName === 'VolumeAttributesClass' && valueMatches(requirement, claimAttributesClasses(claim))
}

/** A requirement on a value is one on a label that is called like the scope. */
function valueMatches({ scopeName, operator, values = [] }: Requirement, found: readonly string[]): boolean {
  const selector = { matchExpressions: [{ key: scopeName, operator, values }] }
  if (found.length === 0) return labelSelectorMatches(selector, {})
  return found.some((value) => labelSelectorMatches(selector, { [scopeName]: value }))
}

function affinityTerms({ affinity }: PodSpec) {
  return [affinity?.podAffinity, affinity?.podAntiAffinity].flatMap((each) => [
    ...(each?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(each?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm }) => podAffinityTerm),
  ])
}

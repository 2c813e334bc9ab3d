import type { ValidatingAdmissionPolicy } from '@skiff/api'
import type { Matching } from '../matching/match-resources.ts'

type MatchResources = ValidatingAdmissionPolicy['spec']['matchConstraints']

const EVERYTHING = { operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'] }

export function policyMatching(matching: MatchResources): Matching {
  const { resourceRules = [], excludeResourceRules = [], matchPolicy, namespaceSelector, objectSelector } = matching ?? {}
  return { rules: resourceRules, excludeRules: excludeResourceRules, matchPolicy, namespaceSelector, objectSelector }
}

/** A binding only narrows what its policy is about: without rules it leaves that as it is. */
export function bindingMatching(matching: MatchResources): Matching {
  const narrowed = policyMatching(matching)
  return narrowed.rules.length > 0 ? narrowed : { ...narrowed, rules: [EVERYTHING] }
}

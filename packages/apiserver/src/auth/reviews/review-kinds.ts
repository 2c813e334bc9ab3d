import type { KindInfo } from '@skiff/api'

function review(group: string, kind: string, namespaced = false): KindInfo {
  const singular = kind.toLowerCase()
  return { group, version: 'v1', kind, resource: `${singular}s`, singular, namespaced, shortNames: [], categories: [] }
}

export const SELF_SUBJECT_REVIEWS = review('authentication.k8s.io', 'SelfSubjectReview')
export const SELF_SUBJECT_ACCESS_REVIEWS = review('authorization.k8s.io', 'SelfSubjectAccessReview')
export const SELF_SUBJECT_RULES_REVIEWS = review('authorization.k8s.io', 'SelfSubjectRulesReview')
export const LOCAL_SUBJECT_ACCESS_REVIEWS = review('authorization.k8s.io', 'LocalSubjectAccessReview', true)
/** Answered below serviceaccounts, never at a path of its own. */
export const TOKEN_REQUESTS = review('authentication.k8s.io', 'TokenRequest')

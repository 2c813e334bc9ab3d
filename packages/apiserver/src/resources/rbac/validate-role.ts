import {
  type ClusterRole,
  type FieldError,
  type FieldPath,
  invalid,
  type PolicyRule,
  path,
  type Role,
  required,
} from '@skiff/api'
import { validateLabelSelector } from '../validate-selector.ts'

export function validateRole({ rules }: Role): FieldError[] {
  return (rules ?? []).flatMap((rule, index) => validateRule(rule, true, path('rules').index(index)))
}

export function validateClusterRole({ rules, aggregationRule }: ClusterRole): FieldError[] {
  const errors = (rules ?? []).flatMap((rule, index) => validateRule(rule, false, path('rules').index(index)))
  if (!aggregationRule) return errors
  const field = path('aggregationRule', 'clusterRoleSelectors')
  const selectors = aggregationRule.clusterRoleSelectors ?? []
  if (selectors.length === 0)
    errors.push(required(field, 'at least one clusterRoleSelector required if aggregationRule is non-nil'))
  return [...errors, ...selectors.flatMap((selector, index) => validateLabelSelector(selector, field.index(index)))]
}

function validateRule(rule: PolicyRule, namespaced: boolean, field: FieldPath): FieldError[] {
  const { verbs = [], nonResourceURLs = [], apiGroups = [], resources = [], resourceNames = [] } = rule
  const errors: FieldError[] = []
  if (verbs.length === 0) errors.push(required(field.child('verbs'), 'verbs must contain at least one value'))
  if (nonResourceURLs.length > 0) {
    const at = field.child('nonResourceURLs')
    if (namespaced) errors.push(invalid(at, nonResourceURLs, 'namespaced rules cannot apply to non-resource URLs'))
    if (apiGroups.length > 0 || resources.length > 0 || resourceNames.length > 0) {
      errors.push(invalid(at, nonResourceURLs, 'rules cannot apply to both regular resources and non-resource URLs'))
    }
    return errors
  }
  if (apiGroups.length === 0) errors.push(required(field.child('apiGroups'), 'resource rules must supply at least one api group'))
  if (resources.length === 0) errors.push(required(field.child('resources'), 'resource rules must supply at least one resource'))
  return errors
}

import type { Rule } from '../../resources/admissionregistration/validate-rule.ts'
import { isNamespace, type Reviewed } from './reviewed.ts'

/** Whether a rule of a webhook or policy names the request (k8s.io/apiserver/pkg/admission/plugin/webhook/predicates/rules). */
export function ruleMatches(rule: Rule, reviewed: Reviewed): boolean {
  const { operation, info, subresource } = reviewed
  return (
    scopeMatches(rule.scope, reviewed) &&
    names(rule.operations, operation) &&
    names(rule.apiGroups, info.group) &&
    names(rule.apiVersions, info.version) &&
    (rule.resources ?? []).some((pattern) => resourceMatches(pattern, info.resource, subresource))
  )
}

function names(items: readonly string[] | undefined, wanted: string): boolean {
  return (items ?? []).some((item) => item === '*' || item === wanted)
}

/** `pods`, `pods/*`, `*`, `*` + `/scale`. */
function resourceMatches(pattern: string, resource: string, subresource: string): boolean {
  const [first = '', second = ''] = pattern.split('/')
  return (first === '*' || first === resource) && (second === '*' || second === subresource)
}

function scopeMatches(scope: string | undefined, { info, namespace }: Reviewed): boolean {
  const clusterWide = isNamespace(info) || namespace === ''
  if (scope === 'Cluster') return clusterWide
  return scope === 'Namespaced' ? !clusterWide : true
}

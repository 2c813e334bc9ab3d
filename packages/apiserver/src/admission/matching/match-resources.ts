import { type KubeObject, type LabelSelector, labelSelectorMatches, NAMESPACES, type Namespace } from '@skiff/api'
import type { ObjectReader } from '../../registry/resource-definition.ts'
import type { Rule } from '../../resources/admissionregistration/validate-rule.ts'
import type { OtherVersions } from './other-versions.ts'
import { isNamespace, type Reviewed } from './reviewed.ts'
import { ruleMatches } from './rules.ts'

/** What webhooks and policies share in saying which requests they are about. */
export interface Matching {
  readonly rules: readonly Rule[]
  readonly excludeRules?: readonly RuleWithNames[]
  readonly matchPolicy?: string | undefined
  readonly namespaceSelector?: LabelSelector | undefined
  readonly objectSelector?: LabelSelector | undefined
}

export interface RuleWithNames extends Rule {
  readonly resourceNames?: readonly string[]
}

/**
 * The request as it is to be shown: in its own version, or in an equivalent one that a rule names. Undefined: it doesn't
 * match.
 */
export function matchedForm(
  matching: Matching,
  reviewed: Reviewed,
  { objects, otherVersions }: { readonly objects: ObjectReader; readonly otherVersions: OtherVersions },
): Reviewed | undefined {
  if (!namespaceMatches(matching.namespaceSelector, reviewed, objects)) return undefined
  if (!objectMatches(matching.objectSelector, reviewed)) return undefined
  const excluded = matching.excludeRules ?? []
  if (excluded.length > 0 && formNamedBy(excluded, matching.matchPolicy, reviewed, otherVersions)) return undefined
  return formNamedBy(matching.rules, matching.matchPolicy, reviewed, otherVersions)
}

function formNamedBy(
  rules: readonly RuleWithNames[],
  matchPolicy: string | undefined,
  reviewed: Reviewed,
  otherVersions: OtherVersions,
): Reviewed | undefined {
  const named = (rule: RuleWithNames) => {
    return (rule.resourceNames ?? []).length === 0 || (rule.resourceNames ?? []).includes(reviewed.name)
  }
  if (rules.some((rule) => named(rule) && ruleMatches(rule, reviewed))) return reviewed
  if (matchPolicy === 'Exact') return undefined
  for (const rule of rules.filter(named)) {
    const info = otherVersions.of(reviewed.info).find((other) => ruleMatches(rule, { ...reviewed, info: other }))
    if (info !== undefined) return otherVersions.shownAs(reviewed, info)
  }
  return undefined
}

/** What is in no namespace, and is none, can't be chosen by namespaces. */
function namespaceMatches(selector: LabelSelector | undefined, reviewed: Reviewed, objects: ObjectReader): boolean {
  if (reviewed.namespace === '' && !isNamespace(reviewed.info)) return true
  if (isEmpty(selector)) return true
  return labelSelectorMatches(selector, namespaceLabels(reviewed, objects))
}

/** Of a Namespace that is written, the labels that it is to have. */
function namespaceLabels({ info, operation, subresource, object, namespace }: Reviewed, objects: ObjectReader) {
  const isWritten = isNamespace(info) && subresource === '' && (operation === 'CREATE' || operation === 'UPDATE')
  if (isWritten) return object?.metadata.labels ?? {}
  return objects.get<Namespace>(NAMESPACES, { name: namespace })?.metadata.labels ?? {}
}

/** Either the old or the new object will do: nobody gets round a rule by changing a label. */
function objectMatches(selector: LabelSelector | undefined, { object, old }: Reviewed): boolean {
  if (isEmpty(selector)) return true
  const matches = (each: KubeObject | undefined) =>
    each !== undefined && labelSelectorMatches(selector, each.metadata?.labels ?? {})
  return matches(object) || matches(old)
}

function isEmpty(selector: LabelSelector | undefined): boolean {
  return Object.keys(selector?.matchLabels ?? {}).length === 0 && (selector?.matchExpressions ?? []).length === 0
}

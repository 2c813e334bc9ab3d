import type { PolicyRule } from '@skiff/api'
import type { AccessAttributes } from '../../http/request-context.ts'

const ALL = '*'

/** Whether one RBAC rule allows a request (k8s.io/kubernetes/plugin/pkg/auth/authorizer/rbac). */
export function ruleAllows(rule: PolicyRule, attributes: AccessAttributes): boolean {
  if (!includesOrAll(rule.verbs, attributes.verb)) return false
  if (!attributes.isResource) return (rule.nonResourceURLs ?? []).some((pattern) => pathMatches(pattern, attributes.path))
  return (
    includesOrAll(rule.apiGroups, attributes.group) &&
    (rule.resources ?? []).some((pattern) => resourceMatches(pattern, attributes.resource, attributes.subresource)) &&
    nameMatches(rule.resourceNames, attributes.name)
  )
}

function includesOrAll(values: readonly string[] | undefined, wanted: string): boolean {
  return values?.some((value) => value === ALL || value === wanted) === true
}

/** `*`, `pods`, `pods/log`, or a subresource of any resource: `*` + `/scale`. */
function resourceMatches(pattern: string, resource: string, subresource: string): boolean {
  if (pattern === ALL) return true
  if (subresource === '') return pattern === resource
  return pattern === `${resource}/${subresource}` || pattern === `*/${subresource}`
}

function nameMatches(names: readonly string[] | undefined, name: string): boolean {
  return names === undefined || names.length === 0 || names.includes(name)
}

function pathMatches(pattern: string, path: string): boolean {
  if (pattern === ALL || pattern === path) return true
  return pattern.endsWith(ALL) && path.startsWith(pattern.replace(/\*+$/, ''))
}

/** The part of `asked` that `held` does not give, as small as it can be said. */
export function uncoveredRules(held: readonly PolicyRule[], asked: readonly PolicyRule[]): PolicyRule[] {
  return asked.flatMap(breakDown).filter((single) => !held.some((rule) => covers(rule, single)))
}

/** One rule per verb, group, resource and name: what can be covered or not as a whole. */
function breakDown(rule: PolicyRule): PolicyRule[] {
  const names = rule.resourceNames ?? []
  const resourceRules = (rule.apiGroups ?? []).flatMap((group) =>
    (rule.resources ?? []).flatMap((resource) =>
      rule.verbs.flatMap((verb) => {
        const single = { apiGroups: [group], resources: [resource], verbs: [verb] }
        return names.length === 0 ? [single] : names.map((name) => ({ ...single, resourceNames: [name] }))
      }),
    ),
  )
  const pathRules = (rule.nonResourceURLs ?? []).flatMap((path) =>
    rule.verbs.map((verb) => ({ nonResourceURLs: [path], verbs: [verb] })),
  )
  return [...resourceRules, ...pathRules]
}

function covers(held: PolicyRule, single: PolicyRule): boolean {
  const [verb = ''] = single.verbs
  if (!includesOrAll(held.verbs, verb)) return false
  const [path] = single.nonResourceURLs ?? []
  if (path !== undefined) return (held.nonResourceURLs ?? []).some((pattern) => pathMatches(pattern, path))
  const [group = ''] = single.apiGroups ?? []
  const [resource = ''] = single.resources ?? []
  const [name] = single.resourceNames ?? []
  const heldNames = held.resourceNames ?? []
  return (
    includesOrAll(held.apiGroups, group) &&
    (held.resources ?? []).some((pattern) => coversResource(pattern, resource)) &&
    (heldNames.length === 0 || (name !== undefined && heldNames.includes(name)))
  )
}

function coversResource(pattern: string, resource: string): boolean {
  const [parent = '', subresource = ''] = resource.split('/', 2)
  return pattern === resource || resourceMatches(pattern, parent, subresource)
}

/** Single rules of one group, resource and name become one again with all their verbs. */
export function compactRules(rules: readonly PolicyRule[]): PolicyRule[] {
  const compact = new Map<string, PolicyRule>()
  for (const rule of rules) {
    const key = JSON.stringify([rule.apiGroups, rule.resources, rule.resourceNames, rule.nonResourceURLs])
    const known = compact.get(key)
    compact.set(key, known === undefined ? rule : { ...known, verbs: [...new Set([...known.verbs, ...rule.verbs])] })
  }
  return [...compact.values()]
}

/** `{APIGroups:["*"], Resources:["*"], Verbs:["*"]}`: upstream's way to print a rule. */
export function ruleToString(rule: PolicyRule): string {
  const parts: [string, readonly string[] | undefined][] = [
    ['APIGroups', rule.apiGroups],
    ['Resources', rule.resources],
    ['ResourceNames', rule.resourceNames],
    ['NonResourceURLs', rule.nonResourceURLs],
    ['Verbs', rule.verbs],
  ]
  const said = parts.flatMap(([name, values]) =>
    values === undefined || values.length === 0 ? [] : [`${name}:[${values.map((value) => JSON.stringify(value)).join(' ')}]`],
  )
  return `{${said.join(', ')}}`
}

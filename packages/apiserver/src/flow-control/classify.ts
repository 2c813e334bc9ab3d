import type { FlowSchema } from '@skiff/api'
import { parseServiceAccountUser } from '../auth/users.ts'
import type { AccessAttributes, UserInfo } from '../http/request-context.ts'

type Rules = NonNullable<FlowSchema['spec']['rules']>[number]
type Subject = Rules['subjects'][number]

/** Schemas in the order in which they are asked. */
export function inOrder<T extends FlowSchema>(schemas: readonly T[]): T[] {
  const precedence = ({ spec }: FlowSchema) => spec.matchingPrecedence ?? 0
  return [...schemas].sort((a, b) => precedence(a) - precedence(b) || (a.metadata.name < b.metadata.name ? -1 : 1))
}

export function schemaMatches({ spec }: FlowSchema, user: UserInfo, attributes: AccessAttributes): boolean {
  return (spec.rules ?? []).some(
    (rules) => rules.subjects.some((subject) => subjectMatches(subject, user)) && rulesMatch(rules, attributes),
  )
}

/** What within a schema is kept apart: each value is served in its turn. */
export function flowOf({ spec }: FlowSchema, user: UserInfo, { namespace }: AccessAttributes): string {
  switch (spec.distinguisherMethod?.type) {
    case 'ByUser':
      return user.name
    case 'ByNamespace':
      return namespace
    default:
      return ''
  }
}

function subjectMatches({ kind, group, user: named, serviceAccount }: Subject, user: UserInfo): boolean {
  switch (kind) {
    case 'Group':
      return group !== undefined && (group.name === '*' || user.groups.includes(group.name))
    case 'User':
      return named !== undefined && (named.name === '*' || named.name === user.name)
    case 'ServiceAccount': {
      const account = parseServiceAccountUser(user.name)
      if (account === undefined || serviceAccount === undefined) return false
      const { namespace, name } = serviceAccount
      return account.namespace === namespace && (name === '*' || account.name === name)
    }
    default:
      return false
  }
}

function rulesMatch({ resourceRules = [], nonResourceRules = [] }: Rules, attributes: AccessAttributes): boolean {
  const { verb, isResource, group, resource, subresource, namespace, path } = attributes
  if (!isResource) {
    return nonResourceRules.some(
      (rule) => includes(rule.verbs, verb) && rule.nonResourceURLs.some((url) => urlMatches(url, path)),
    )
  }
  const what = subresource === '' ? resource : `${resource}/${subresource}`
  return resourceRules.some(
    (rule) =>
      includes(rule.verbs, verb) &&
      includes(rule.apiGroups, group) &&
      includes(rule.resources, what) &&
      (namespace === '' ? rule.clusterScope === true : includes(rule.namespaces ?? [], namespace)),
  )
}

function includes(values: readonly string[], wanted: string): boolean {
  return values.includes('*') || values.includes(wanted)
}

/** `*`, a path, or what begins with the part before a trailing `*`. */
function urlMatches(pattern: string, path: string): boolean {
  return pattern === path || (pattern.endsWith('*') && path.startsWith(pattern.slice(0, -1)))
}

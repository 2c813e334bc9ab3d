import {
  CLUSTER_ROLE_BINDINGS,
  CLUSTER_ROLES,
  type ClusterRole,
  type ClusterRoleBinding,
  labelSelectorMatches,
  type PolicyRule,
  ROLE_BINDINGS,
  ROLES,
  type Role,
  type RoleBinding,
} from '@skiff/api'
import type { UserInfo } from '../../http/request-context.ts'
import type { ObjectReader } from '../../registry/resource-definition.ts'
import { serviceAccountUserName } from '../users.ts'

/** Rules that a user has by one binding, and how a SubjectAccessReview explains it. */
export interface Grant {
  readonly rules: readonly PolicyRule[]
  readonly reason: string
}

/** Roles and bindings, arranged so that a decision looks only at the bindings of the user's own name and groups. */
export interface RbacIndex {
  /** Grants of the whole cluster first, then those of the namespace ('' for none). */
  grantsOf(user: UserInfo, namespace: string): Iterable<Grant>
  /** The rules of a role, undefined when there is no such role. */
  rulesOf(roleRef: { readonly kind: string; readonly name: string }, namespace: string): readonly PolicyRule[] | undefined
}

type Subject = NonNullable<RoleBinding['subjects']>[number]
type GrantsBySubject = Map<string, Grant[]>

export function buildRbacIndex(objects: ObjectReader): RbacIndex {
  const clusterRoles = clusterRoleRules(objects.list<ClusterRole>(CLUSTER_ROLES))
  const roles = new Map(
    objects.list<Role>(ROLES).map((role) => [roleKey(role.metadata.namespace, role.metadata.name), role.rules ?? []]),
  )
  const rulesOf: RbacIndex['rulesOf'] = ({ kind, name }, namespace) =>
    kind === 'ClusterRole' ? clusterRoles.get(name) : roles.get(roleKey(namespace, name))

  const everywhere: GrantsBySubject = new Map()
  for (const binding of objects.list<ClusterRoleBinding>(CLUSTER_ROLE_BINDINGS)) {
    addBinding(everywhere, binding, rulesOf(binding.roleRef, ''), `ClusterRoleBinding "${binding.metadata.name}"`)
  }
  const byNamespace = new Map<string, GrantsBySubject>()
  for (const binding of objects.list<RoleBinding>(ROLE_BINDINGS)) {
    const { name, namespace = '' } = binding.metadata
    const grants = byNamespace.get(namespace) ?? new Map()
    byNamespace.set(namespace, grants)
    addBinding(grants, binding, rulesOf(binding.roleRef, namespace), `RoleBinding "${name}/${namespace}"`)
  }
  return {
    rulesOf,
    *grantsOf(user, namespace) {
      yield* grantsOfSubjects(everywhere, user)
      const local = byNamespace.get(namespace)
      if (local !== undefined) yield* grantsOfSubjects(local, user)
    },
  }
}

/** Aggregated roles hold at once what their selectors find, whether or not their own `rules` list it yet. */
function clusterRoleRules(clusterRoles: readonly ClusterRole[]): Map<string, readonly PolicyRule[]> {
  const gather = (role: ClusterRole, above: readonly ClusterRole[]): PolicyRule[] => {
    const selectors = role.aggregationRule?.clusterRoleSelectors ?? []
    const isSelected = (other: ClusterRole) =>
      !above.includes(other) && selectors.some((selector) => labelSelectorMatches(selector, other.metadata.labels ?? {}))
    const gathered = selectors.length === 0 ? [] : clusterRoles.filter((other) => other !== role && isSelected(other))
    return [...(role.rules ?? []), ...gathered.flatMap((other) => gather(other, [...above, role]))]
  }
  return new Map(clusterRoles.map((role) => [role.metadata.name, distinct(gather(role, []))]))
}

function distinct(rules: readonly PolicyRule[]): PolicyRule[] {
  return [...new Map(rules.map((rule) => [JSON.stringify(rule), rule])).values()]
}

function* grantsOfSubjects(grants: GrantsBySubject, user: UserInfo): Iterable<Grant> {
  yield* grants.get(userKey(user.name)) ?? []
  for (const group of user.groups) yield* grants.get(groupKey(group)) ?? []
}

function addBinding(
  grants: GrantsBySubject,
  binding: RoleBinding | ClusterRoleBinding,
  rules: readonly PolicyRule[] | undefined,
  bindingText: string,
): void {
  // A binding may be older than its role; it grants nothing until the role is there.
  if (rules === undefined) return
  for (const subject of binding.subjects ?? []) {
    const key = subjectKey(subject, binding.metadata.namespace)
    if (key === undefined) continue
    const { kind, name } = binding.roleRef
    const reason = `RBAC: allowed by ${bindingText} of ${kind} "${name}" to ${subjectText(subject, binding.metadata.namespace)}`
    const known = grants.get(key) ?? []
    known.push({ rules, reason })
    grants.set(key, known)
  }
}

function subjectKey(subject: Subject, bindingNamespace: string | undefined): string | undefined {
  switch (subject.kind) {
    case 'User':
      return userKey(subject.name)
    case 'Group':
      return groupKey(subject.name)
    case 'ServiceAccount':
      return userKey(serviceAccountUserName(subject.namespace ?? bindingNamespace ?? '', subject.name))
    default:
      return undefined
  }
}

function subjectText(subject: Subject, bindingNamespace: string | undefined): string {
  if (subject.kind !== 'ServiceAccount') return `${subject.kind} "${subject.name}"`
  return `ServiceAccount "${subject.name}/${subject.namespace ?? bindingNamespace ?? ''}"`
}

const userKey = (name: string) => `user ${name}`
const groupKey = (name: string) => `group ${name}`
const roleKey = (namespace: string | undefined, name: string) => `${namespace ?? ''}/${name}`

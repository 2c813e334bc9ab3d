import {
  CLUSTER_ROLES,
  type ClusterRole,
  forbidden,
  goQuote,
  type KindInfo,
  notFound,
  type PolicyRule,
  qualifiedResource,
  ROLES,
} from '@skiff/api'
import type { AdmissionRequest, UserInfo } from '../../http/request-context.ts'
import { NO_ATTRIBUTES } from '../no-attributes.ts'
import { isMaster } from '../users.ts'
import type { RbacAuthorizer } from './rbac-authorizer.ts'
import { compactRules, ruleToString, uncoveredRules } from './rules.ts'

const EVERYTHING: readonly PolicyRule[] = [
  { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
  { nonResourceURLs: ['*'], verbs: ['*'] },
]

/**
 * Nobody gives away what they don't have: writing a role needs its permissions or the verb `escalate`, writing a
 * binding needs those of the role it names or the verb `bind`. Throws Forbidden in upstream's words.
 */
export function refuseEscalation(request: AdmissionRequest, authorizer: RbacAuthorizer): void {
  const { object, old, user, info } = request
  if (info.group !== 'rbac.authorization.k8s.io' || object === undefined || isMaster(user)) return
  const isBinding = info.resource === 'rolebindings' || info.resource === 'clusterrolebindings'
  if (old !== undefined && sameGrant(object, old)) return
  const asked = isBinding ? bindingRules(request, authorizer) : roleRules(request, authorizer)
  const missing = uncoveredRules(authorizer.rulesOfUser(user, request.namespace), asked)
  if (missing.length > 0) throw escalationError(user, info, object.metadata.name, missing)
}

function sameGrant(object: object, old: object): boolean {
  return GRANTING_FIELDS.every((field) => JSON.stringify(Reflect.get(object, field)) === JSON.stringify(Reflect.get(old, field)))
}

const GRANTING_FIELDS = ['rules', 'aggregationRule', 'roleRef', 'subjects']

function roleRules({ object, user, info, namespace }: AdmissionRequest, authorizer: RbacAuthorizer): readonly PolicyRule[] {
  const role = object as unknown as ClusterRole
  if (may(authorizer, user, 'escalate', info, namespace, role.metadata.name)) return []
  return role.aggregationRule === undefined ? (role.rules ?? []) : EVERYTHING
}

function bindingRules({ object, user, namespace }: AdmissionRequest, authorizer: RbacAuthorizer): readonly PolicyRule[] {
  const { roleRef } = object as unknown as { roleRef: { kind: string; name: string } }
  const roleInfo = roleRef.kind === 'ClusterRole' ? CLUSTER_ROLES : ROLES
  if (may(authorizer, user, 'bind', roleInfo, namespace, roleRef.name)) return []
  const rules = authorizer.rulesOfRole(roleRef, namespace)
  if (rules === undefined) throw notFound(qualifiedResource(roleInfo), roleRef.name)
  return rules
}

function may(authorizer: RbacAuthorizer, user: UserInfo, verb: string, info: KindInfo, namespace: string, name: string): boolean {
  const { group, version, resource } = info
  return authorizer.authorize(user, { ...NO_ATTRIBUTES, isResource: true, verb, group, version, resource, namespace, name })
    .allowed
}

function escalationError(user: UserInfo, info: KindInfo, name: string, missing: readonly PolicyRule[]) {
  const groups = `[${user.groups.map((group) => goQuote(group)).join(' ')}]`
  const lines = compactRules(missing).map(ruleToString).sort().join('\n')
  const why = `user ${goQuote(user.name)} (groups=${groups}) is attempting to grant RBAC permissions not currently held:\n${lines}`
  return forbidden(qualifiedResource(info), name, why)
}

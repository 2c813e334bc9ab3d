import type { UserInfo } from '../http/request-context.ts'

export const MASTERS_GROUP = 'system:masters'
export const NODES_GROUP = 'system:nodes'
export const BOOTSTRAPPERS_GROUP = 'system:bootstrappers'
export const AUTHENTICATED_GROUP = 'system:authenticated'
export const UNAUTHENTICATED_GROUP = 'system:unauthenticated'
export const SERVICE_ACCOUNTS_GROUP = 'system:serviceaccounts'

export const NODE_USER_PREFIX = 'system:node:'
export const BOOTSTRAP_USER_PREFIX = 'system:bootstrap:'
const SERVICE_ACCOUNT_PREFIX = 'system:serviceaccount:'

export const ANONYMOUS: UserInfo = { name: 'system:anonymous', groups: [UNAUTHENTICATED_GROUP] }

/** Whoever may open the root-only unix socket. */
export const SOCKET_OWNER: UserInfo = { name: 'skiff-master', groups: [MASTERS_GROUP, AUTHENTICATED_GROUP] }

export function isMaster(user: UserInfo): boolean {
  return user.groups.includes(MASTERS_GROUP)
}

/** The node's name when the user is a node's agent. */
export function nodeNameOf(user: UserInfo): string | undefined {
  if (!user.name.startsWith(NODE_USER_PREFIX) || !user.groups.includes(NODES_GROUP)) return undefined
  return user.name.slice(NODE_USER_PREFIX.length)
}

export function serviceAccountUserName(namespace: string, name: string): string {
  return `${SERVICE_ACCOUNT_PREFIX}${namespace}:${name}`
}

/** Groups that every token of a service account carries. */
export function serviceAccountGroups(namespace: string): readonly string[] {
  return [SERVICE_ACCOUNTS_GROUP, `${SERVICE_ACCOUNTS_GROUP}:${namespace}`]
}

export function parseServiceAccountUser(userName: string): { namespace: string; name: string } | undefined {
  if (!userName.startsWith(SERVICE_ACCOUNT_PREFIX)) return undefined
  const [namespace, name, ...rest] = userName.slice(SERVICE_ACCOUNT_PREFIX.length).split(':')
  return namespace === undefined || name === undefined || rest.length > 0 ? undefined : { namespace, name }
}

/** What every request with credentials is a member of. */
export function authenticated(user: UserInfo): UserInfo {
  return user.groups.includes(AUTHENTICATED_GROUP) ? user : { ...user, groups: [...user.groups, AUTHENTICATED_GROUP] }
}

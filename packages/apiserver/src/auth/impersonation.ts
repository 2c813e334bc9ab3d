import type { IncomingHttpHeaders } from 'node:http'
import { badRequest } from '@skiff/api'
import { authorize } from '../http/authorize.ts'
import type { AccessAttributes, Authorizer, UserInfo } from '../http/request-context.ts'
import { NO_ATTRIBUTES } from './no-attributes.ts'
import { ANONYMOUS, AUTHENTICATED_GROUP, parseServiceAccountUser, serviceAccountGroups, UNAUTHENTICATED_GROUP } from './users.ts'

const EXTRA_PREFIX = 'impersonate-extra-'

/** The user that the Impersonate-* headers name, undefined without them. Each thing named needs the verb `impersonate`. */
export function impersonatedUser(user: UserInfo, headers: IncomingHttpHeaders, authorizer: Authorizer): UserInfo | undefined {
  const wanted = impersonates(headers) ? readHeaders(headers) : undefined
  if (wanted === undefined) return undefined
  for (const attributes of neededPermissions(wanted)) authorize(authorizer, user, attributes)
  return withImpliedGroups(wanted)
}

function impersonates(headers: IncomingHttpHeaders): boolean {
  for (const key in headers) if (key.startsWith('impersonate-')) return true
  return false
}

interface Impersonation {
  readonly name: string
  readonly uid?: string
  readonly groups: readonly string[]
  readonly extra: Readonly<Record<string, readonly string[]>>
}

function readHeaders(headers: IncomingHttpHeaders): Impersonation | undefined {
  const name = header(headers, 'impersonate-user')[0] ?? ''
  const uid = header(headers, 'impersonate-uid')[0]
  const groups = header(headers, 'impersonate-group')
  const extra = Object.fromEntries(
    Object.keys(headers)
      .filter((key) => key.startsWith(EXTRA_PREFIX))
      .map((key) => [decodeURIComponent(key.slice(EXTRA_PREFIX.length)), header(headers, key)]),
  )
  if (name === '') {
    if (uid !== undefined || groups.length > 0 || Object.keys(extra).length > 0) {
      throw badRequest(`requested ${JSON.stringify({ uid, groups, extra })} impersonation without impersonating a user`)
    }
    return undefined
  }
  return { name, ...(uid === undefined ? {} : { uid }), groups, extra }
}

/** Node joins repeated headers it doesn't know with ', '; names with a comma can't be told apart then, and are not allowed anyway. */
function header(headers: IncomingHttpHeaders, key: string): string[] {
  return [headers[key] ?? []].flat().flatMap((value) => value.split(', '))
}

function neededPermissions({ name, uid, groups, extra }: Impersonation): AccessAttributes[] {
  const account = parseServiceAccountUser(name)
  const impersonate = { ...NO_ATTRIBUTES, verb: 'impersonate', isResource: true }
  return [
    account === undefined
      ? { ...impersonate, resource: 'users', name }
      : { ...impersonate, resource: 'serviceaccounts', namespace: account.namespace, name: account.name },
    ...groups.map((group) => ({ ...impersonate, resource: 'groups', name: group })),
    ...Object.entries(extra).flatMap(([key, values]) =>
      values.map((value) => ({
        ...impersonate,
        group: 'authentication.k8s.io',
        resource: 'userextras',
        subresource: key,
        name: value,
      })),
    ),
    ...(uid === undefined ? [] : [{ ...impersonate, group: 'authentication.k8s.io', resource: 'uids', name: uid }]),
  ]
}

/** As upstream: a service account gets its groups when none are given, and everybody but anonymous is authenticated. */
function withImpliedGroups({ name, uid, groups, extra }: Impersonation): UserInfo {
  const account = parseServiceAccountUser(name)
  const own = groups.length === 0 && account !== undefined ? serviceAccountGroups(account.namespace) : groups
  const implied = name === ANONYMOUS.name ? UNAUTHENTICATED_GROUP : AUTHENTICATED_GROUP
  const all = own.includes(AUTHENTICATED_GROUP) || own.includes(UNAUTHENTICATED_GROUP) ? own : [...own, implied]
  return {
    name,
    groups: all,
    ...(uid === undefined ? {} : { uid }),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  }
}

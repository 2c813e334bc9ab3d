import { parseFieldSelector, parseLabelSelector } from '@skiff/api'
import { forbiddenAccess } from '../auth/forbidden.ts'
import type { AccessAttributes, Authorizer, RequestInfo, UserInfo } from './request-context.ts'

/** Throws Forbidden in upstream's words. */
export function authorize(authorizer: Authorizer, user: UserInfo, attributes: AccessAttributes): void {
  const decision = authorizer.authorize(user, attributes)
  if (!decision.allowed) throw forbiddenAccess(user, attributes, decision)
}

/** A list or watch that is restricted to one name asks for that object only, as for upstream. */
export function attributesOf(info: RequestInfo): AccessAttributes {
  const { verb, isResource, path, group, version, resource, subresource, namespace, name } = info
  const attributes = { verb, isResource, path, group, version, resource, subresource, namespace, name }
  if (!isResource || !SELECTING.has(verb)) return attributes
  const fields = requirementsOf(info.query.get('fieldSelector'), parseFieldSelector)
  const labels = requirementsOf(info.query.get('labelSelector'), parseLabelSelector)
  const named = fields.find(({ field, operator }) => field === 'metadata.name' && operator === '=')?.value ?? ''
  return { ...attributes, fields, labels, name: name === '' ? named : name }
}

const SELECTING = new Set(['list', 'watch', 'deletecollection'])

/** One that can't be read restricts nothing; the verb refuses it later. */
function requirementsOf<T>(selector: string | null, parse: (selector: string) => readonly T[]): readonly T[] {
  try {
    return selector === null ? [] : parse(selector)
  } catch {
    return []
  }
}

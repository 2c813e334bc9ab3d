import { forbiddenAccess } from '../auth/forbidden.ts'
import type { AccessAttributes, Authorizer, RequestInfo, UserInfo } from './request-context.ts'

/** Throws Forbidden in upstream's words. */
export async function authorize(authorizer: Authorizer, user: UserInfo, attributes: AccessAttributes): Promise<void> {
  const decision = await authorizer.authorize(user, attributes)
  if (!decision.allowed) throw forbiddenAccess(user, attributes, decision)
}

export function attributesOf(info: RequestInfo): AccessAttributes {
  const { verb, isResource, path, group, version, resource, subresource, namespace, name } = info
  return { verb, isResource, path, group, version, resource, subresource, namespace, name }
}

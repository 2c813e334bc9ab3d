import { ApiError, forbidden } from '@skiff/api'
import type { AccessAttributes, AccessDecision, UserInfo } from '../http/request-context.ts'

/** A refusal in upstream's words: who can't do what where. */
export function forbiddenAccess(user: UserInfo, attributes: AccessAttributes, decision: AccessDecision): ApiError {
  const why = decision.reason === '' ? '' : `: ${decision.reason}`
  if (!attributes.isResource) {
    const message = `forbidden: User "${user.name}" cannot ${attributes.verb} path "${attributes.path}"${why}`
    return new ApiError('Forbidden', message, { details: {} })
  }
  const qualified = attributes.group === '' ? attributes.resource : `${attributes.resource}.${attributes.group}`
  return forbidden(qualified, attributes.name, describe(user, attributes) + why)
}

function describe(user: UserInfo, { verb, resource, subresource, group, namespace }: AccessAttributes): string {
  const what = subresource === '' ? resource : `${resource}/${subresource}`
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace "${namespace}"`
  return `User "${user.name}" cannot ${verb} resource "${what}" in API group "${group}" ${where}`
}

import type { Logger } from 'pino'
import type { Authorizer } from '../http/request-context.ts'
import { SOCKET_OWNER } from './users.ts'

const WRITES = new Set(['create', 'update', 'patch', 'delete', 'deletecollection', 'connect'])
/** Written every few seconds by every node; they say nothing about who changed what. */
const PULSE = new Set(['leases', 'events'])
const STREAMS = new Set(['exec', 'attach', 'portforward', 'proxy'])

/**
 * Writes down who asked for what write or stream, and every refusal. Only names are logged, never bodies, so no
 * Secret can show up. What comes by the unix socket, the master's own components above all, is left out. Wraps the authorizer of the request path; reviews, which only ask, use the bare one.
 */
export function auditedAuthorizer(authorizer: Authorizer, logger: Logger): Authorizer {
  return {
    authorize(user, attributes) {
      const decision = authorizer.authorize(user, attributes)
      const { verb, path, isResource, group, resource, subresource, namespace, name } = attributes
      const isPulse = PULSE.has(resource) || subresource === 'status'
      const isOwn = user.name === SOCKET_OWNER.name
      const isChange = isResource && !isOwn && !isPulse && (WRITES.has(verb) || STREAMS.has(subresource))
      if (decision.allowed && !isChange) return decision
      const { allowed } = decision
      const who = { user: user.name, groups: user.groups, verb }
      const judged = isResource ? { ...who, group, resource, subresource, namespace, name, allowed } : { ...who, path, allowed }
      logger.info(judged, 'request was judged')
      return decision
    },
  }
}

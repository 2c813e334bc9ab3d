import { badRequest } from '@skiff/api'
import { parseGoDuration } from '../cel/functions/durations.ts'
import { STREAMED } from '../verbs/subresources.ts'
import type { RequestInfo } from './request-context.ts'

/**
 * Throws BadRequest for a `timeout` that is no duration. What is one is taken note of by nobody: each request is bounded
 * by shorter times than clients name. Watches and streams have no such time.
 */
export function checkTimeout({ query, verb, subresource }: RequestInfo): void {
  const timeout = query.get('timeout') ?? ''
  if (timeout === '' || verb === 'watch' || STREAMED.has(subresource)) return
  if (parseGoDuration(timeout) !== undefined) return
  const quoted = JSON.stringify(timeout)
  const why = /^[+-]?[\d.]+$/.test(timeout) ? `missing unit in duration ${quoted}` : `invalid duration ${quoted}`
  throw badRequest(`invalid timeout specified in the request URL - time: ${why}`)
}

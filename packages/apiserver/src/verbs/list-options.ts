/** The options of list and watch as the query says them, checked as upstream's ValidateListOptions does. */

import { ApiError, badRequest, type FieldError, forbiddenField, invalidObject, notSupported } from '@skiff/api'
import { isTrue } from '../http/request-info.ts'

export interface ListOptions {
  /** 0: no limit. */
  readonly limit: number
  readonly continueToken: string
  /** Undefined when not given; 0 means any state. */
  readonly resourceVersion: number | undefined
  readonly match: 'Exact' | 'NotOlderThan' | undefined
}

export interface WatchOptions {
  readonly resourceVersion: number | undefined
  readonly sendInitialEvents: boolean | undefined
  readonly allowBookmarks: boolean
  readonly timeoutSeconds: number | undefined
}

export function parseListOptions(query: URLSearchParams): ListOptions {
  refuse(listProblems(query))
  const resourceVersion = parseRevision(query.get('resourceVersion'))
  const continueToken = query.get('continue') ?? ''
  if (continueToken !== '' && resourceVersion !== undefined && resourceVersion !== 0) {
    throw badRequest('specifying resource version is not allowed when using continue')
  }
  const limit = Math.max(0, parseInteger(query.get('limit')) ?? 0)
  const match = (query.get('resourceVersionMatch') || undefined) as ListOptions['match']
  // From before there was a choice: pages of a revision are of exactly that one.
  const isExact = match === undefined && limit > 0 && resourceVersion !== undefined && resourceVersion > 0
  return { limit, continueToken, resourceVersion, match: isExact ? 'Exact' : match }
}

export function parseWatchOptions(query: URLSearchParams): WatchOptions {
  refuse(watchProblems(query))
  const initial = query.get('sendInitialEvents')
  return {
    resourceVersion: parseRevision(query.get('resourceVersion')),
    sendInitialEvents: initial === null || initial === '' ? undefined : isTrue(initial),
    allowBookmarks: isTrue(query.get('allowWatchBookmarks')),
    timeoutSeconds: parseInteger(query.get('timeoutSeconds')),
  }
}

function refuse(problems: readonly FieldError[]): void {
  if (problems.length > 0) throw invalidObject({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', problems)
}

function listProblems(query: URLSearchParams): FieldError[] {
  const match = query.get('resourceVersionMatch') ?? ''
  const revision = query.get('resourceVersion') ?? ''
  const problems: FieldError[] = []
  if (query.has('sendInitialEvents')) {
    problems.push(forbiddenField('sendInitialEvents', 'sendInitialEvents is forbidden for list'))
  }
  if (match === '') return problems
  if (revision === '') {
    problems.push(forbiddenField('resourceVersionMatch', 'resourceVersionMatch is forbidden unless resourceVersion is provided'))
  }
  if ((query.get('continue') ?? '') !== '') {
    problems.push(forbiddenField('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided'))
  }
  if (match !== 'Exact' && match !== 'NotOlderThan') {
    problems.push(notSupported('resourceVersionMatch', match, ['Exact', 'NotOlderThan', '']))
  }
  if (match === 'Exact' && revision === '0') {
    const why = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'
    problems.push(forbiddenField('resourceVersionMatch', why))
  }
  return problems
}

function watchProblems(query: URLSearchParams): FieldError[] {
  const match = query.get('resourceVersionMatch') ?? ''
  const initial = query.get('sendInitialEvents') ?? ''
  if (initial === '') {
    const why = 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'
    return match === '' ? [] : [forbiddenField('resourceVersionMatch', why)]
  }
  const problems: FieldError[] = []
  if (match === '') {
    problems.push(
      forbiddenField('resourceVersionMatch', 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'),
    )
  } else if (match !== 'NotOlderThan') {
    problems.push(notSupported('resourceVersionMatch', match, ['NotOlderThan']))
  }
  return problems
}

function parseInteger(text: string | null): number | undefined {
  if (text === null || text === '') return undefined
  if (!/^[+-]?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
  return Number(text)
}

function parseRevision(text: string | null): number | undefined {
  if (text === null || text === '') return undefined
  if (/^\d+$/.test(text)) return Number(text)
  const quoted = JSON.stringify(text)
  throw badRequest(`resourceVersion: Invalid value: ${quoted}: strconv.ParseUint: parsing ${quoted}: invalid syntax`)
}

/** Throws Timeout when the client has seen a revision that this server hasn't reached. */
export function requireReached(revision: number | undefined, current: number): void {
  if (revision === undefined || revision <= current) return
  const causes = [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }]
  throw new ApiError('Timeout', `Timeout: Too large resource version: ${revision}, current: ${current}`, {
    details: { causes, retryAfterSeconds: 1 },
  })
}

/** POST /skiff/v1/events: what those have to say who say much, in one request. */

import { badRequest, EVENTS, parseJson, pathOf } from '@skiff/api'
import { attributesOf, authorize } from '../http/authorize.ts'
import { type HttpAnswer, jsonAnswer } from '../http/http-answer.ts'
import type { PathRequest } from '../http/paths.ts'
import { methodNotAllowed, noSuchResource } from '../http/refusals.ts'
import { parseRequestInfo } from '../http/request-info.ts'
import type { ServerContext } from '../http/server-context.ts'
import { statusOf } from '../http/status-answer.ts'
import { create } from './create.ts'

export const EVENTS_PATH = '/skiff/v1/events'

/** They are written in one turn of the event loop, which keeps others waiting so long. */
const MOST_EVENTS = 32
const NEWLINE = 0x0a

/**
 * A body of lines, each a core/v1 Event as JSON, is created as if each had been sent by itself: with the user's rights in the
 * event's namespace, admission and validation. The answer has the Status of those that were refused, by their line's number from 0.
 */
export async function writeEvents(context: ServerContext, request: PathRequest): Promise<HttpAnswer> {
  if (request.method !== 'POST') throw methodNotAllowed()
  const lines = linesOf(request.body)
  if (lines.length > MOST_EVENTS) throw badRequest(`at most ${MOST_EVENTS} events at once, these are ${lines.length}`)
  const written = await Promise.all(lines.map((line, number) => refusalOf(context, request, { line, number })))
  return jsonAnswer(200, { refused: written.filter((refusal) => refusal !== undefined) })
}

interface Line {
  readonly line: Buffer
  readonly number: number
}

async function refusalOf(context: ServerContext, request: PathRequest, { line, number }: Line) {
  try {
    await writeEvent(context, request, line)
    return undefined
  } catch (error) {
    return { line: number, status: statusOf(error, context.logger, { method: 'POST', path: EVENTS_PATH }) }
  }
}

async function writeEvent(context: ServerContext, request: PathRequest, line: Buffer): Promise<void> {
  const registry = context.registry.find(EVENTS)
  if (registry === undefined) throw noSuchResource()
  const { user, userAgent } = request
  const info = parseRequestInfo('POST', pathOf(EVENTS, namespaceOf(line)))
  authorize(context.authorizer, user, attributesOf(info))
  const { registry: registries, admission } = context
  const common = { info, user, userAgent, registry, registries, admission, now: context.clock() }
  await create({ ...common, contentType: 'application/json', body: line, warn: () => undefined })
}

function namespaceOf(line: Buffer): string {
  const { value } = parseJson(line.toString('utf8')) as {
    readonly value: { readonly metadata?: { readonly namespace?: unknown } } | null
  }
  const namespace = value?.metadata?.namespace
  if (typeof namespace !== 'string' || namespace === '') throw badRequest('metadata.namespace: Required value')
  return namespace
}

function linesOf(body: Buffer): Buffer[] {
  const lines: Buffer[] = []
  let start = 0
  while (start < body.length) {
    const end = body.indexOf(NEWLINE, start)
    const line = body.subarray(start, end < 0 ? body.length : end)
    if (line.length > 0) lines.push(line)
    start = end < 0 ? body.length : end + 1
  }
  return lines
}

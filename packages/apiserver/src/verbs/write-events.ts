/** POST /skiff/v1/events: what those have to say who say much, in one request. */

import {
  badRequest,
  EVENT_LINES_PATH,
  EVENTS,
  type EventLinesAnswer,
  MOST_EVENT_LINES,
  pathOf,
  type RefusedEventLine,
} from '@skiff/api'
import { attributesOf, authorize } from '../http/authorize.ts'
import type { Call } from '../http/call.ts'
import { type HttpAnswer, jsonAnswer } from '../http/http-answer.ts'
import type { PathRequest } from '../http/paths.ts'
import { methodNotAllowed, noSuchResource } from '../http/refusals.ts'
import { parseRequestInfo } from '../http/request-info.ts'
import type { ServerContext } from '../http/server-context.ts'
import { statusOf } from '../http/status-answer.ts'
import { createDecoded } from './create.ts'
import { decodeBodyAs } from './decode-body.ts'
import { writeContext } from './write-options.ts'

const NEWLINE = 0x0a

/**
 * A body of lines, each a core/v1 Event as JSON, is created as if each had been sent by itself: with the user's rights in the
 * event's namespace, admission and validation. The answer has the Status of those that were refused, by their line's number from 0.
 */
export async function writeEvents(context: ServerContext, request: PathRequest): Promise<HttpAnswer> {
  if (request.method !== 'POST') throw methodNotAllowed()
  const lines = linesOf(request.body)
  if (lines.length > MOST_EVENT_LINES) throw badRequest(`at most ${MOST_EVENT_LINES} events at once, these are ${lines.length}`)
  const refused: RefusedEventLine[] = []
  const write = async (body: Buffer, line: number) => {
    try {
      await writeEvent(context, request, body)
    } catch (error) {
      refused.push({ line, status: statusOf(error, context.logger, { method: 'POST', path: EVENT_LINES_PATH }) })
    }
  }
  await Promise.all(lines.map(write))
  return jsonAnswer(200, { refused: refused.sort((a, b) => a.line - b.line) } satisfies EventLinesAnswer)
}

async function writeEvent(context: ServerContext, request: PathRequest, line: Buffer): Promise<void> {
  const registry = context.registry.find(EVENTS)
  if (registry === undefined) throw noSuchResource()
  const sent = { contentType: 'application/json', body: line, warn: () => undefined }
  const event = decodeBodyAs(sent, EVENTS, 'Ignore')
  const { namespace } = event.metadata
  if (namespace === undefined || namespace === '') throw badRequest('metadata.namespace: Required value')
  const { user, userAgent } = request
  const info = parseRequestInfo('POST', pathOf(EVENTS, namespace))
  authorize(context.authorizer, user, attributesOf(info))
  const { registry: registries, admission } = context
  const call: Call = { ...sent, info, user, userAgent, registry, registries, admission, now: context.clock() }
  await createDecoded(call, event, writeContext(call, 'CreateOptions'))
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

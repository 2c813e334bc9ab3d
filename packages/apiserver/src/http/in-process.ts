/** The API for those who run in its own process: the same requests, rights and answers, without a socket and HTTP in between. */

import { addAbortSignal, PassThrough } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { ApiError } from '@skiff/api'
import type { Seat } from '../flow-control/flow-control.ts'
import { requireAllowed } from './app.ts'
import { attributesOf } from './authorize.ts'
import { type Dispatched, dispatch } from './dispatch.ts'
import { type HttpAnswer, jsonAnswer } from './http-answer.ts'
import type { RequestInfo, UserInfo } from './request-context.ts'
import { parseRequestInfo } from './request-info.ts'
import { encodedFor, wholeOf } from './send-answer.ts'
import type { ServerContext } from './server-context.ts'
import { statusOf } from './status-answer.ts'
import { serveWatch } from './watch-stream.ts'

export interface InProcessRequest {
  /** Lower-case names. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  readonly signal?: AbortSignal
}

export interface InProcessAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly body: Buffer
}

export interface InProcessApi {
  /** False for what another API server answers, which takes a connection. */
  serves(path: string): boolean
  /** The whole answer, whatever its status. Rejects when the server stops, and when the signal aborts. */
  request(method: string, path: string, request: InProcessRequest): Promise<InProcessAnswer>
  /** The lines of a watch as they come, or the answer that refuses it. */
  watch(
    path: string,
    request: InProcessRequest & { readonly signal: AbortSignal },
  ): Promise<InProcessAnswer | AsyncIterable<Buffer>>
}

export function inProcessApi(context: ServerContext, user: UserInfo): InProcessApi {
  return {
    serves: (path) => context.aggregation?.serverOf(path.replace(/\?.*/, '')) === undefined,
    request: async (method, path, request) => {
      const dispatched = await answered(context, user, { ...request, method, info: parseRequestInfo(method, path) })
      if (dispatched.type !== 'answer') throw new ApiError('InternalError', `${path} takes a connection`)
      return await whole(dispatched.answer)
    },
    watch: async (path, request) => {
      const info = parseRequestInfo('GET', path)
      const dispatched = await answered(context, user, { ...request, method: 'GET', info })
      if (dispatched.type === 'stream') throw new ApiError('InternalError', `${path} takes a connection`)
      if (dispatched.type === 'answer') return await whole(dispatched.answer)
      const sink = addAbortSignal(request.signal, new PassThrough())
      // Who reads is told of it, but may not have begun.
      sink.on('error', () => undefined)
      serveWatch(context, info, { source: dispatched.source, sink }).catch((error: Error) => sink.destroy(error))
      return sink
    },
  }
}

/** As over a socket, requests are read once per turn of the event loop: who asks many can't keep others waiting. */
async function turnOf({ stopping }: ServerContext, signal: AbortSignal | undefined): Promise<void> {
  await nextTurn()
  signal?.throwIfAborted()
  if (stopping.aborted) throw new ApiError('ServiceUnavailable', 'the API server is stopping')
}

interface Asked extends InProcessRequest {
  readonly method: string
  readonly info: RequestInfo
}

async function answered(context: ServerContext, user: UserInfo, asked: Asked): Promise<Dispatched> {
  const { method, info, headers = {}, body = '', signal } = asked
  await turnOf(context, signal)
  const started = performance.now()
  const counted = (known: boolean, status: number) =>
    context.metrics.count(info, known, status, (performance.now() - started) / 1000)
  let seat: Seat | undefined
  try {
    seat = context.metrics.seated(info, await context.flowControl.admit(user, attributesOf(info)))
    requireAllowed(context, user, info)
    const dispatched = await dispatch(context, { info, user, method, headers, body: bytesOf(body), warnings: [] })
    if (dispatched.type === 'answer') counted(true, dispatched.answer.status)
    return dispatched
  } catch (error) {
    const status = statusOf(error, context.logger, { method, path: info.path })
    counted(status.code !== 404, status.code ?? 500)
    return { type: 'answer', answer: jsonAnswer(status.code ?? 500, status) }
  } finally {
    seat?.release()
  }
}

function bytesOf(body: string | Buffer): Buffer {
  return typeof body === 'string' ? Buffer.from(body) : body
}

async function whole(answer: HttpAnswer): Promise<InProcessAnswer> {
  const { status, headers, body } = await encodedFor(undefined, answer)
  return { status, headers: headers as InProcessAnswer['headers'], body: wholeOf(body) }
}

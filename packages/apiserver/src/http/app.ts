/** The fastify app: limits, the one wildcard route, and the funnel for whatever is thrown. It does not listen. */

import type { ServerResponse } from 'node:http'
import { type APIService, ApiError, EVENT_LINES_PATH, type Status } from '@skiff/api'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { admitConnection } from '../admission/connect.ts'
import { ANONYMOUS } from '../auth/users.ts'
import type { Seat } from '../flow-control/flow-control.ts'
import type { WatchSource } from '../verbs/watch.ts'
import { isWhyPath } from '../why/serve-why.ts'
import { attributesOf, authorize } from './authorize.ts'
import type { Connections } from './connections.ts'
import { dispatch } from './dispatch.ts'
import { type HttpAnswer, jsonAnswer, textAnswer } from './http-answer.ts'
import type { RequestInfo, UserInfo } from './request-context.ts'
import { parseRequestInfo } from './request-info.ts'
import { checkTimeout } from './request-timeout.ts'
import { answerSender, encodedFor, type SendAnswer } from './send-answer.ts'
import type { ServerContext } from './server-context.ts'
import { statusOf } from './status-answer.ts'
import { warningHeaders } from './warnings.ts'
import { serveWatch } from './watch-stream.ts'

export const BODY_LIMIT_BYTES = 3 * 1024 * 1024

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const

/** What the plain port may be asked; everything else is told how to come back over HTTPS. */
const PLAIN_PATHS = /^\/(healthz|readyz|livez)(\/|$)|^\/(version|cacerts)$/

/** Decided per request by what it needs, not by who asks: these are checked object by object. */
const authorizedInside = (path: string): boolean => path === '/apply' || path === EVENT_LINES_PATH || isWhyPath(path)

export function createApp(context: ServerContext, connections: Connections): FastifyInstance {
  const app = Fastify({
    bodyLimit: BODY_LIMIT_BYTES,
    logger: false,
    exposeHeadRoutes: false,
    return503OnClosing: false,
    forceCloseConnections: true,
  })
  app.removeAllContentTypeParsers()
  // One that is named is looked up; what falls under the star is parsed anew for every request.
  app.addContentTypeParser(['application/json', '*'], { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.addHook('onRequest', (request, _reply, done) => done(encodedBodyRefusal(request)))
  const send = answerSender()
  app.setErrorHandler((error, request, reply) => sendError(context, error, { request, reply, send }))
  const handler = (request: FastifyRequest, reply: FastifyReply) => {
    const response = taken(reply)
    serve(context, connections, { request, response, send }).catch((error: unknown) => {
      context.logger.error({ err: error, method: request.method, path: request.url }, 'an answer was not sent')
      response.destroy()
    })
  }
  app.setNotFoundHandler(handler)
  app.route({ method: [...METHODS], url: '*', handler })
  return app
}

interface Exchange {
  readonly request: FastifyRequest
  readonly response: ServerResponse
  readonly send: SendAnswer
}

/** fastify reads requests; all answers are written here. */
function taken(reply: FastifyReply): ServerResponse {
  reply.hijack()
  return reply.raw
}

/** Encoded bodies could be bombs, and no client of Kubernetes sends any. */
function encodedBodyRefusal(request: FastifyRequest): ApiError | undefined {
  const encoding = request.headers['content-encoding']
  if (encoding === undefined || encoding === 'identity') return undefined
  return new ApiError('UnsupportedMediaType', `the body of the request is encoded (${encoding}), which is not supported`)
}

async function serve(context: ServerContext, connections: Connections, exchange: Exchange): Promise<void> {
  const { request, response, send } = exchange
  const started = performance.now()
  const info = parseRequestInfo(request.method, request.raw.url ?? '/')
  const warnings: string[] = []
  let seat = NO_SEAT
  try {
    if (connections.kindOf(request.raw.socket) === 'plain' && !PLAIN_PATHS.test(info.path))
      return await send(response, upgradeRequired(request))
    checkTimeout(info)
    // Still within the read: a certificate whose signature is wrong leaves an error in OpenSSL that the next read would take for its own.
    const asking = authenticated(context, connections, request)
    const user = asking instanceof Promise ? await asking : asking
    if (!isLongRunning(info)) seat = context.metrics.seated(info, await context.flowControl.admit(user, attributesOf(info)))
    requireAllowed(context, user, info)
    const answer = await answerOf(context, { ...exchange, info, user, warnings, seat })
    if (answer === 'streamed') return
    context.metrics.count(info, true, answer.status, (performance.now() - started) / 1000)
    const encoding = encodedFor(request.headers['accept-encoding'], withHeaders(answer, warnings, seat))
    const encoded = encoding instanceof Promise ? await encoding : encoding
    seat.release()
    await send(response, encoded)
  } catch (error) {
    const status = statusOf(error, context.logger, { method: request.method, path: info.path })
    context.metrics.count(info, status.code !== 404, status.code ?? 500, (performance.now() - started) / 1000)
    if (response.headersSent) response.destroy()
    else await send(response, withHeaders(jsonAnswer(status.code ?? 500, status, errorHeaders(status)), warnings, seat))
  } finally {
    seat.release()
  }
}

const NO_SEAT: Seat = { headers: {}, release: () => undefined }

/** Our own questions of agents that wait for something to happen. Watches and streams give their seat back when they have begun. */
function isLongRunning({ path, isResource, verb }: RequestInfo): boolean {
  return !isResource && verb === 'get' && path.startsWith('/skiff/')
}

function errorHeaders({ code, details }: Status): Record<string, string> {
  if (code === 403) return { 'x-content-type-options': 'nosniff' }
  if (details?.retryAfterSeconds !== undefined) return { 'retry-after': String(details.retryAfterSeconds) }
  return code === 504 ? { 'retry-after': '1' } : {}
}

/** Throws Unauthorized. */
export function authenticated(
  context: ServerContext,
  connections: Connections,
  request: Pick<FastifyRequest, 'raw'>,
): Promise<UserInfo> | UserInfo {
  const user = context.authenticator.authenticate(connections.credentialsOf(request.raw))
  return user instanceof Promise ? user.then((known) => known ?? ANONYMOUS) : (user ?? ANONYMOUS)
}

/** Throws Forbidden. */
export function requireAllowed(context: ServerContext, user: UserInfo, info: RequestInfo): void {
  if (!authorizedInside(info.path)) authorize(context.authorizer, user, attributesOf(info))
}

interface Served extends Exchange {
  readonly info: RequestInfo
  readonly user: UserInfo
  readonly warnings: string[]
  readonly seat: Seat
}

async function answerOf(context: ServerContext, served: Served): Promise<HttpAnswer | 'streamed'> {
  const { request, response, info } = served
  const extension = context.aggregation?.serverOf(info.path)
  // A stream ends when its client goes; of one that has gone before, nobody tells it.
  const hasGone = response.destroyed
  if (extension !== undefined) return hasGone ? 'streamed' : await runExtension(context, served, extension)
  const { user, warnings } = served
  const { method, headers } = request
  const dispatched = await dispatch(context, { info, user, method, headers, body: bodyOf(request), warnings })
  switch (dispatched.type) {
    case 'answer':
      return dispatched.answer
    case 'watch':
      if (!hasGone) await runWatch(context, served, dispatched.source)
      return 'streamed'
    case 'stream':
      served.seat.release()
      if (!hasGone) await runStream(context, served)
      return 'streamed'
  }
}

function bodyOf(request: FastifyRequest): Buffer {
  return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
}

async function runWatch(context: ServerContext, { response, info, warnings, seat }: Served, source: WatchSource): Promise<void> {
  seat.release()
  const warned = warnings.length > 0 ? { warning: warningHeaders(warnings).join(', ') } : {}
  const headers = { ...seat.headers, ...warned, 'content-type': 'application/json', 'cache-control': 'no-cache, private' }
  response.writeHead(200, headers)
  response.flushHeaders()
  await serveWatch(context, info, { source, sink: response })
}

async function runStream(context: ServerContext, { request, response, info, user }: Served): Promise<void> {
  if (context.streaming === undefined) throw new ApiError('ServiceUnavailable', 'streaming is not available on this server')
  const resource = context.registry.find(info)?.info
  if (resource !== undefined) await admitConnection({ admission: context.admission, resource, info, user })
  await context.streaming.serve({ info, user, request: request.raw, body: bodyOf(request), response })
}

/** What another API server serves is passed on to it, and its answer passed back. */
async function runExtension(
  context: ServerContext,
  { request, response, user, seat }: Served,
  extension: APIService,
): Promise<'streamed'> {
  seat.release()
  const passed = { request: request.raw, user, closing: context.stopping, body: bodyOf(request), response }
  await context.aggregation?.passOn(extension, passed)
  return 'streamed'
}

function upgradeRequired(request: FastifyRequest): HttpAnswer {
  const path = request.raw.url ?? '/'
  const host = (request.headers.host ?? 'HOST').replace(/:\d+$/, '')
  const text = `This port answers only health checks. Ask over HTTPS: curl --cacert ca.crt -H "Authorization: Bearer TOKEN" https://${host}:6443${path}\n`
  return textAnswer(426, text, { upgrade: 'TLS/1.2', connection: 'Upgrade' })
}

function withHeaders(answer: HttpAnswer, warnings: readonly string[], { headers }: Seat): HttpAnswer {
  const warned = warnings.length === 0 ? {} : { warning: warningHeaders(warnings) }
  return { ...answer, headers: { ...answer.headers, ...headers, ...warned } }
}

/** What fastify refuses, with what it wants said about the connection. */
async function sendError(
  context: ServerContext,
  error: unknown,
  { request, reply, send }: { readonly request: FastifyRequest; readonly reply: FastifyReply; readonly send: SendAnswer },
): Promise<void> {
  const status = statusOf(error, context.logger, { method: request.method, path: request.url })
  const headers = reply.getHeaders() as HttpAnswer['headers']
  await send(taken(reply), jsonAnswer(status.code ?? 500, status, headers))
}

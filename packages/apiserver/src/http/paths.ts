/** Paths that are no resource: discovery, OpenAPI, health, metrics, and our own. */

import { badRequest, EVENT_LINES_PATH, type KindInfo } from '@skiff/api'
import { apiGroups } from '../discovery/api-groups.ts'
import { serveDiscovery } from '../discovery/serve-discovery.ts'
import { SERVER_VERSION } from '../discovery/version.ts'
import { serveOpenApi } from '../openapi/serve-openapi.ts'
import { applyManifests } from '../verbs/apply-manifests.ts'
import { writeEvents } from '../verbs/write-events.ts'
import { isWhyPath, serveWhy } from '../why/serve-why.ts'
import { serveHealth } from './health.ts'
import { type HttpAnswer, jsonAnswer, textAnswer } from './http-answer.ts'
import { methodNotAllowed } from './refusals.ts'
import type { RequestInfo, UserInfo } from './request-context.ts'
import { DISCOVERY_PATH, KEYS_PATH, serveIssuer } from './serve-issuer.ts'
import type { ServerContext } from './server-context.ts'

export interface PathRequest {
  readonly info: RequestInfo
  readonly method: string
  readonly user: UserInfo
  readonly body: Buffer
  readonly contentType: string
  readonly accept: string | undefined
  readonly userAgent: string
  readonly ifNoneMatch: string | undefined
  readonly host: string
}

const DEFAULT_ACKNOWLEDGE_TIMEOUT_MS = 5_000
const LONGEST_ACKNOWLEDGE_TIMEOUT_MS = 60_000

export async function servePath(context: ServerContext, request: PathRequest): Promise<HttpAnswer> {
  if (request.info.path === '/apply') return await serveApply(context, request)
  if (request.info.path === EVENT_LINES_PATH) return await writeEvents(context, request)
  if (request.method !== 'GET' && request.method !== 'HEAD') return notForThisMethod(context, request)
  if (isWhyPath(request.info.path)) return await serveWhy(context, request)
  return (await servedByGet(context, request)) ?? notFoundPaths(context)
}

async function servedByGet(context: ServerContext, request: PathRequest): Promise<HttpAnswer | undefined> {
  const { info, accept, ifNoneMatch } = request
  const path = info.path.length > 1 ? info.path.replace(/\/+$/, '') : info.path
  switch (path) {
    case '/':
      return jsonAnswer(200, { paths: knownPaths(context) })
    case '/version':
      // In lines, as upstream's only here: people read it with curl.
      return textAnswer(200, JSON.stringify(SERVER_VERSION, undefined, 2), { 'content-type': 'application/json' })
    case '/metrics':
      return textAnswer(200, await context.metrics.text(), { 'content-type': context.metrics.contentType })
    case '/cacerts':
      return textAnswer(200, context.caCertificates, { 'content-type': 'application/x-pem-file' })
    case '/skiff/v1/endpoints-acknowledged':
      return await endpointsAcknowledged(context, info)
  }
  const issued = context.tokenIssuer && (await serveIssuer(path, accept, context.tokenIssuer))
  if (issued !== undefined) return issued
  const { readiness, storeProblem } = context
  const health = serveHealth(path, info.query, { liveness: { etcd: storeProblem }, readiness })
  if (health !== undefined) return health
  const groups = groupsOf(context)
  const remotePaths = context.aggregation?.openApiPaths() ?? {}
  return (
    serveDiscovery([...groups, ...(context.aggregation?.groups() ?? [])], {
      ...{ path, accept, ifNoneMatch, serverAddress: request.host },
    }) ?? serveOpenApi(context.openApi, groups, { path, accept, ifNoneMatch, query: info.query, remotePaths })
  )
}

async function serveApply(context: ServerContext, request: PathRequest): Promise<HttpAnswer> {
  if (request.method !== 'POST') throw methodNotAllowed()
  return await applyManifests(context, request)
}

function notForThisMethod(context: ServerContext, { info }: PathRequest): HttpAnswer {
  if (knownPaths(context).includes(info.path)) throw methodNotAllowed()
  return notFoundPaths(context)
}

async function endpointsAcknowledged({ liveness, stopping }: ServerContext, { query }: RequestInfo): Promise<HttpAnswer> {
  const revision = Number(query.get('revision'))
  const timeoutMs = Number(query.get('timeoutMs') ?? DEFAULT_ACKNOWLEDGE_TIMEOUT_MS)
  if (query.get('revision') === null || !Number.isSafeInteger(revision)) throw badRequest('revision: must be a whole number')
  if (!(timeoutMs >= 0 && timeoutMs <= LONGEST_ACKNOWLEDGE_TIMEOUT_MS)) {
    throw badRequest(`timeoutMs: must be between 0 and ${LONGEST_ACKNOWLEDGE_TIMEOUT_MS}`)
  }
  const waitingFor = await liveness.acknowledged(revision, timeoutMs, stopping)
  return jsonAnswer(200, { acknowledged: waitingFor.length === 0, waitingFor })
}

/** What is answered and not stored may be served by an extension server instead: metrics-server's own metrics.k8s.io, say. */
function groupsOf({ registry, virtualResources, aggregation }: ServerContext) {
  const isOurs = ({ group, version }: KindInfo) => aggregation?.serverOf(`/apis/${group}/${version}`) === undefined
  return apiGroups(
    registry.all().map(({ definition }) => definition),
    virtualResources.filter(({ info }) => isOurs(info)),
  )
}

/** Real servers answer unknown paths with what there is. */
function notFoundPaths(context: ServerContext): HttpAnswer {
  return jsonAnswer(404, { paths: knownPaths(context) })
}

function knownPaths(context: ServerContext): string[] {
  const groups = groupsOf(context).flatMap(({ name, versions }) => {
    const root = name === '' ? '/api' : `/apis/${name}`
    return [root, ...versions.map(({ version }) => `${root}/${version}`)]
  })
  const others = [
    ...(context.tokenIssuer === undefined ? [] : [DISCOVERY_PATH, KEYS_PATH]),
    '/apis',
    '/apis/',
    '/apply',
    '/cacerts',
    '/healthz',
    '/livez',
    '/metrics',
    '/openapi/v2',
    '/openapi/v3',
    '/readyz',
    '/version',
  ]
  return [...groups, ...others].sort()
}

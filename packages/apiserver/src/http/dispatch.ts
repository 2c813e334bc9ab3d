/** From a request that is read and whose user is known to its answer. */

import type { KubeObject } from '@skiff/api'
import type { VirtualResource } from '../registry/resource-definition.ts'
import { decodeBodyAs } from '../verbs/decode-body.ts'
import { hasSubresource, STREAMED, verbsOf } from '../verbs/subresources.ts'
import type { WatchSource } from '../verbs/watch.ts'
import { watch } from '../verbs/watch.ts'
import { type Answer, type Call, valueAnswer } from './call.ts'
import { type Encoded, encodeAnswer, parseIncludeObject } from './encode-answer.ts'
import type { HttpAnswer } from './http-answer.ts'
import { type AnswerForm, negotiate } from './negotiation.ts'
import { servePath } from './paths.ts'
import { methodNotAllowed, noSuchResource } from './refusals.ts'
import type { RequestInfo, UserInfo } from './request-context.ts'
import { isTrue } from './request-info.ts'
import type { ServerContext } from './server-context.ts'
import { findVirtual, virtualAnswer } from './virtual.ts'

export interface ResourceRequest {
  readonly info: RequestInfo
  readonly user: UserInfo
  readonly contentType: string
  readonly accept: string | undefined
  readonly userAgent: string
  readonly body: Buffer
  /** Warnings that the answer will carry. */
  readonly warnings: string[]
}

export type Dispatched =
  | { readonly type: 'answer'; readonly answer: HttpAnswer }
  | { readonly type: 'watch'; readonly source: WatchSource }
  | { readonly type: 'stream' }

/** A request, however it came: by a connection, or from within this process. */
export interface Asked {
  readonly info: RequestInfo
  readonly user: UserInfo
  readonly method: string
  readonly headers: AskedHeaders
  readonly body: Buffer
  readonly warnings: string[]
}

interface AskedHeaders {
  readonly accept?: string | undefined
  readonly 'content-type'?: string | undefined
  readonly 'user-agent'?: string | undefined
  readonly 'if-none-match'?: string | undefined
  readonly host?: string | undefined
}

export async function dispatch(context: ServerContext, asked: Asked): Promise<Dispatched> {
  const { info, user, method, headers, body, warnings } = asked
  const { accept, 'content-type': contentType = '', 'user-agent': userAgent = '' } = headers
  const common = { info, user, body, contentType, accept, userAgent }
  if (info.isResource) return await dispatchResource(context, { ...common, warnings })
  const { 'if-none-match': ifNoneMatch, host = '' } = headers
  return { type: 'answer', answer: await servePath(context, { ...common, method, ifNoneMatch, host }) }
}

async function dispatchResource(context: ServerContext, request: ResourceRequest): Promise<Dispatched> {
  const { info } = request
  const virtual = findVirtual(context, info)
  if (virtual !== undefined) return await answeredVirtually(context, virtual, request)
  const call = callOf(context, request)
  if (STREAMED.has(info.subresource) && hasSubresource(call.registry.definition, info.subresource)) return { type: 'stream' }
  if (info.verb === 'watch') return { type: 'watch', source: watchSource(context, call, request) }
  const form = negotiate(request.accept, isTrue(info.query.get('pretty')), { transforms: true })
  const answer = await answerOf(context, call)
  const encoding = { form, includeObject: parseIncludeObject(info.query.get('includeObject')), now: call.now }
  return { type: 'answer', answer: httpAnswer(answer.status, encodeAnswer(answer, encoding)) }
}

function callOf(context: ServerContext, request: ResourceRequest): Call {
  const registry = context.registry.find(request.info)
  if (registry === undefined) throw noSuchResource()
  const { info, user, contentType, userAgent, body, warnings } = request
  // Made when there is something to warn of. A body may have very many unknown fields, so each is looked up.
  let given: Set<string> | undefined
  const warn = (text: string) => {
    given ??= new Set(warnings)
    if (given.has(text)) return
    given.add(text)
    warnings.push(text)
  }
  const { deprecation } = registry.definition
  if (deprecation !== undefined) warn(deprecation)
  const { registry: registries, admission } = context
  return { info, user, registry, registries, admission, contentType, userAgent, body, now: context.clock(), warn }
}

function answerOf(context: ServerContext, call: Call): Answer | Promise<Answer> {
  const { info, registry } = call
  const verbs = verbsOf(registry.definition, info.subresource)
  if (verbs === undefined || (registry.info.namespaced && info.namespace === '' && info.name !== '')) throw noSuchResource()
  if (info.subresource === 'token' && info.verb === 'create') return tokenAnswer(context, call)
  const misplaced = info.verb === 'create' && info.name !== '' && info.subresource === ''
  const serve = misplaced || needsName(info) ? undefined : verbs[info.verb]
  if (serve === undefined) throw methodNotAllowed()
  return serve(call)
}

/** PUT and PATCH of a collection. */
function needsName({ verb, name }: RequestInfo): boolean {
  return name === '' && (verb === 'update' || verb === 'patch')
}

async function tokenAnswer(context: ServerContext, call: Call): Promise<Answer> {
  if (context.tokenRequests === undefined) throw noSuchResource()
  const { user, info } = call
  const tokenRequest: KubeObject = decodeBodyAs(
    call,
    { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' },
    'Ignore',
  )
  return valueAnswer(201, await context.tokenRequests(tokenRequest, { user, namespace: info.namespace, name: info.name }))
}

async function answeredVirtually(
  context: ServerContext,
  virtual: VirtualResource,
  request: ResourceRequest,
): Promise<Dispatched> {
  const { query } = request.info
  const transforms = virtual.columns !== undefined
  const form = negotiate(request.accept, isTrue(query.get('pretty')), { transforms })
  const answer = await virtualAnswer(virtual, request)
  const encoding = { form, includeObject: parseIncludeObject(query.get('includeObject')), now: context.clock() }
  return { type: 'answer', answer: httpAnswer(answer.status, encodeAnswer(answer, encoding)) }
}

function watchSource(context: ServerContext, call: Call, request: ResourceRequest): WatchSource {
  const { query } = call.info
  const form = negotiate(request.accept, false, { transforms: true, tables: !isTrue(query.get('sendInitialEvents')) })
  const includeObject = parseIncludeObject(query.get('includeObject'))
  const { version, omitsManagedFields } = form
  const watched = { as: watchedForm(form), version, omitsManagedFields, includeObject }
  return watch(call, { eventBytes: context.eventBytes, form: watched })
}

function watchedForm({ as }: AnswerForm): 'object' | 'Table' | 'PartialObjectMetadata' {
  return as === 'PartialObjectMetadataList' ? 'PartialObjectMetadata' : as
}

function httpAnswer(status: number, { contentType, bytes }: Encoded): HttpAnswer {
  return { status, headers: { 'content-type': contentType, 'cache-control': 'no-cache, private' }, body: bytes }
}

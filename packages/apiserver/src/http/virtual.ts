/** Kinds that are answered and not stored: reviews, component statuses. */

import { apiVersionOf, type KubeObject, notFound, qualifiedResource } from '@skiff/api'
import type { VirtualResource, VirtualScope } from '../registry/resource-definition.ts'
import { type DecodableBody, decodeBodyAs } from '../verbs/decode-body.ts'
import { parseSelection } from '../verbs/selection.ts'
import { parseDryRun } from '../verbs/write-options.ts'
import { type Answer, valueAnswer } from './call.ts'
import type { ResourceRequest } from './dispatch.ts'
import { methodNotAllowed, noSuchResource } from './refusals.ts'
import type { RequestInfo } from './request-context.ts'
import type { ServerContext } from './server-context.ts'

export function findVirtual(context: ServerContext, info: RequestInfo): VirtualResource | undefined {
  if (info.subresource !== '') return undefined
  return context.virtualResources.find(
    (each) => each.info.resource === info.resource && each.info.group === info.group && each.info.version === info.version,
  )
}

/** Throws MethodNotAllowed, NotFound and whatever the kind refuses. */
export async function virtualAnswer(resource: VirtualResource, request: ResourceRequest): Promise<Answer> {
  const { verb, name } = request.info
  if (resource.deprecation !== undefined) request.warnings.push(resource.deprecation)
  if (verb === 'create' && name === '') return valueAnswer(201, await created(resource, request))
  if (verb === 'list') return valueAnswer(200, await listed(resource, request.info), resource.columns)
  if (verb === 'get') return valueAnswer(200, await found(resource, request.info), resource.columns)
  throw methodNotAllowed()
}

async function created({ info, create }: VirtualResource, request: ResourceRequest): Promise<object> {
  if (create === undefined) throw methodNotAllowed()
  const body: DecodableBody = { contentType: request.contentType, body: request.body, warn: () => undefined }
  const object: KubeObject = decodeBodyAs(body, info, 'Ignore')
  const dryRun = parseDryRun(request.info.query.getAll('dryRun'), 'CreateOptions')
  return await create(object, { user: request.user, namespace: request.info.namespace, dryRun })
}

async function listed(resource: VirtualResource, request: RequestInfo): Promise<object> {
  const { kind } = resource.info
  const selection = parseSelection({}, request)
  const objects = await objectsOf(resource, { ...request, name: selection.name ?? '' })
  const items = objects.filter(selection.matches).map(({ kind: _, apiVersion: __, ...item }) => item)
  return { kind: `${kind}List`, apiVersion: apiVersionOf(resource.info), metadata: {}, items }
}

async function found(resource: VirtualResource, request: RequestInfo): Promise<KubeObject> {
  if (resource.info.namespaced && request.namespace === '') throw noSuchResource()
  const object = (await objectsOf(resource, request)).find(({ metadata }) => metadata.name === request.name)
  if (object === undefined) throw notFound(qualifiedResource(resource.info), request.name)
  return object
}

async function objectsOf({ list }: VirtualResource, { namespace, name }: VirtualScope): Promise<readonly KubeObject[]> {
  if (list === undefined) throw methodNotAllowed()
  const objects = await list({ namespace, name })
  return namespace === '' ? objects : objects.filter(({ metadata }) => metadata.namespace === namespace)
}

/** Kinds that are answered and not stored: reviews. */

import type { KubeObject } from '@skiff/api'
import type { VirtualResource } from '../registry/resource-definition.ts'
import { type DecodableBody, decodeBodyAs } from '../verbs/decode-body.ts'
import { parseDryRun } from '../verbs/write-options.ts'
import type { ResourceRequest } from './dispatch.ts'
import type { RequestInfo } from './request-context.ts'
import type { ServerContext } from './server-context.ts'

export function isVirtual(context: ServerContext, info: RequestInfo): boolean {
  return info.subresource === '' && findVirtual(context, info) !== undefined
}

export async function virtualCreate(context: ServerContext, request: ResourceRequest): Promise<object> {
  const found = findVirtual(context, request.info)
  if (found === undefined) throw new Error('not a virtual resource')
  const body: DecodableBody = { contentType: request.contentType, body: request.body, warn: () => undefined }
  const object: KubeObject = decodeBodyAs(body, found.info, 'Ignore')
  const dryRun = parseDryRun(request.info.query.getAll('dryRun'), 'CreateOptions')
  return await found.create(object, { user: request.user, namespace: request.info.namespace, dryRun })
}

function findVirtual(context: ServerContext, info: RequestInfo): VirtualResource | undefined {
  return context.virtualResources.find(
    (each) => each.info.resource === info.resource && each.info.group === info.group && each.info.version === info.version,
  )
}

import { badRequest, type KubeObject } from '@skiff/api'
import { type Answer, type Call, objectAnswer } from '../http/call.ts'
import type { WriteContext } from '../registry/write-context.ts'
import { decodeBody } from './decode-body.ts'
import { fieldValidation, writeContext } from './write-options.ts'

export async function create(call: Call): Promise<Answer> {
  const write = writeContext(call, 'CreateOptions')
  return await createDecoded(call, decodeBody(call, fieldValidation(call, 'CreateOptions')), write)
}

export async function createDecoded(call: Call, object: KubeObject, write: WriteContext): Promise<Answer> {
  const namespace = namespaceFor(call, object)
  call.registry.definition.strategy.default?.(object)
  return objectAnswer(call, 201, await call.registry.create(object, namespace, write))
}

/** The path decides; a body that says otherwise is refused. */
export function namespaceFor(call: Call, object: KubeObject): string {
  if (!call.registry.info.namespaced) return ''
  const { namespace } = call.info
  if (namespace === '') throw badRequest('an empty namespace may not be set during creation')
  const said = object.metadata.namespace
  if (said === undefined || said === '' || said === namespace) return namespace
  throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
}

import { badRequest, type KubeObject } from '@skiff/api'
import { type Answer, type Call, objectAnswer } from '../http/call.ts'
import type { SubresourceName } from '../registry/resource-definition.ts'
import { namespaceFor } from './create.ts'
import { decodeBody } from './decode-body.ts'
import { refOf } from './get.ts'
import { fieldValidation, writeContext } from './write-options.ts'

/** PUT of an object, or of one of its subresources that has the object's own form. */
export async function update(call: Call, subresource: SubresourceName | ''): Promise<Answer> {
  const { registry } = call
  const write = writeContext(call, 'UpdateOptions')
  const asked = () => {
    const object = decodeBody(call, fieldValidation(call, 'UpdateOptions'))
    checkName(call, object)
    registry.definition.strategy.default?.(object)
    return object
  }
  // What is wrong by itself is refused first. Decoded again, should another write come between.
  let first: KubeObject | undefined = asked()
  const apply = () => {
    const object = first ?? asked()
    first = undefined
    return object
  }
  const createIfMissing = subresource === '' && (registry.definition.createOnUpdate ?? false)
  const change = { subresource, createIfMissing, replaces: true, apply }
  const { stored, created } = await registry.update(refOf(call), change, write)
  return objectAnswer(call, created ? 201 : 200, stored)
}

function checkName(call: Call, object: KubeObject): void {
  const { name } = object.metadata
  if (name === undefined || name === '') throw badRequest('name must be provided')
  if (name !== call.info.name) {
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${call.info.name})`)
  }
  if (call.registry.info.namespaced) namespaceFor(call, object)
}

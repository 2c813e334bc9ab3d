import { type Answer, type Call, objectAnswer } from '../http/call.ts'
import type { ObjectRef } from '../registry/write-context.ts'

export function get(call: Call): Answer {
  return objectAnswer(call, 200, call.registry.get(refOf(call)))
}

/** The object that the path names. */
export function refOf(call: Call): ObjectRef {
  return { namespace: call.registry.info.namespaced ? call.info.namespace : '', name: call.info.name }
}

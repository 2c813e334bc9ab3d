import { type Answer, type Call, objectAnswer } from '../http/call.ts'
import type { ObjectRef } from '../registry/write-context.ts'

export function get(call: Call): Answer | Promise<Answer> {
  const found = call.registry.get(refOf(call))
  const pending = call.registry.ready([found.entry])
  return pending === undefined ? objectAnswer(call, 200, found) : pending.then(() => objectAnswer(call, 200, found))
}

/** The object that the path names. */
export function refOf(call: Call): ObjectRef {
  return { namespace: call.registry.info.namespaced ? call.info.namespace : '', name: call.info.name }
}

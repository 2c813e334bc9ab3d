import { forbidden, type Pod, RUNTIME_CLASSES, type RuntimeClass } from '@skiff/api'
import type { AdmissionRequest } from '../http/request-context.ts'
import { jsonEquals } from '../patch/json-value.ts'
import type { ObjectReader } from '../registry/resource-definition.ts'
import { createsPod, nameInMessage } from './request-facts.ts'

/** Gives a new pod the overhead and the scheduling rules of its runtime class. Throws Forbidden when they don't go together. */
export function admitRuntimeClass(request: AdmissionRequest, objects: ObjectReader): void {
  if (!createsPod(request)) return
  const { spec } = request.object as unknown as Pod
  const runtimeClass = classOf(request, objects)
  if (runtimeClass === undefined) return
  const overhead = runtimeClass.overhead?.podFixed
  if (overhead !== undefined) {
    if (spec.overhead !== undefined && !jsonEquals(spec.overhead, overhead)) throw wrongOverhead(request)
    spec.overhead = { ...overhead }
  }
  const { nodeSelector = {}, tolerations = [] } = runtimeClass.scheduling ?? {}
  for (const [key, value] of Object.entries(nodeSelector)) {
    const own = spec.nodeSelector?.[key]
    if (own === undefined || own === value) continue
    const theirs = `runtimeClass.scheduling.nodeSelector[${key}] = ${value}`
    throw refusal(request, `conflict: ${theirs}; pod.spec.nodeSelector[${key}] = ${own}`)
  }
  if (Object.keys(nodeSelector).length > 0) spec.nodeSelector = { ...spec.nodeSelector, ...nodeSelector }
  const missing = tolerations.filter((each) => !(spec.tolerations ?? []).some((own) => jsonEquals(own, each)))
  if (missing.length > 0) spec.tolerations = [...(spec.tolerations ?? []), ...structuredClone(missing)]
}

/** Once webhooks have had their say, the overhead must still be the class's. */
export function refuseWrongOverhead(request: AdmissionRequest, objects: ObjectReader): void {
  if (!createsPod(request)) return
  const { spec } = request.object as unknown as Pod
  const overhead = classOf(request, objects)?.overhead?.podFixed
  if (overhead === undefined && spec.overhead !== undefined) {
    throw refusal(request, 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead')
  }
  if (overhead !== undefined && !jsonEquals(spec.overhead, overhead)) throw wrongOverhead(request)
}

function classOf(request: AdmissionRequest, objects: ObjectReader): RuntimeClass | undefined {
  const name = (request.object as unknown as Pod).spec.runtimeClassName
  if (!name) return undefined
  const found = objects.get<RuntimeClass>(RUNTIME_CLASSES, { name })
  if (found === undefined) throw refusal(request, `pod rejected: RuntimeClass "${name}" not found`)
  return found
}

function wrongOverhead(request: AdmissionRequest) {
  return refusal(request, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead")
}

function refusal(request: AdmissionRequest, why: string) {
  return forbidden('pods', nameInMessage(request), why)
}

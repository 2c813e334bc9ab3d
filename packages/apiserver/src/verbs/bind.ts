import { badRequest, conflict, type KubeObject, setCondition } from '@skiff/api'
import { type Answer, type Call, valueAnswer } from '../http/call.ts'
import { success } from '../http/status-answer.ts'
import { decodeBodyAs } from './decode-body.ts'
import { refOf } from './get.ts'
import { writeContext } from './write-options.ts'

type Conditions = Parameters<typeof setCondition>[0]

/** POST of a Binding: gives a pod its node, once. */
export async function bind(call: Call): Promise<Answer> {
  const write = writeContext(call, 'CreateOptions')
  const binding = decodeBodyAs(call, { group: '', version: 'v1', kind: 'Binding' }, 'Ignore')
  const node = targetOf(binding)
  const apply = (old: KubeObject | undefined): KubeObject => {
    const pod = structuredClone(old) as KubeObject
    requireUnbound(pod, binding)
    pod.metadata.resourceVersion = ''
    pod.spec = { ...(pod.spec as object), nodeName: node }
    pod.status = scheduled(pod.status as { conditions?: Conditions } | undefined, call.now)
    return pod
  }
  await call.registry.update(refOf(call), { subresource: 'binding', createIfMissing: false, apply }, write)
  return valueAnswer(201, success(undefined))
}

function targetOf(binding: KubeObject): string {
  const { kind, name } = (binding.target ?? {}) as { kind?: string; name?: string }
  if (kind !== undefined && kind !== '' && kind !== 'Node')
    throw badRequest(`target.kind: Unsupported value: "${kind}": supported values: "Node"`)
  if (name === undefined || name === '') throw badRequest('target.name: Required value')
  return name
}

function requireUnbound(pod: KubeObject, binding: KubeObject): void {
  const { name, uid, deletionTimestamp } = pod.metadata
  const node = (pod.spec as { nodeName?: string }).nodeName
  const asked = binding.metadata.uid
  if (asked !== undefined && asked !== '' && asked !== uid) {
    throw conflict('pods/binding', name, `Precondition failed: UID in precondition: ${asked}, UID in object meta: ${uid}`)
  }
  if (deletionTimestamp !== undefined) {
    throw conflict('pods/binding', name, `pod ${name} is being deleted, cannot be assigned to a host`)
  }
  if (node !== undefined && node !== '') {
    throw conflict('pods/binding', name, `pod ${name} is already assigned to node "${node}"`)
  }
}

function scheduled(status: { conditions?: Conditions } | undefined, now: Date): object {
  return { ...status, conditions: setCondition(status?.conditions, { type: 'PodScheduled', status: 'True' }, now) }
}

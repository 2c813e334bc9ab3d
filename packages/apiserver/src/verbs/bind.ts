import { BINDINGS, badRequest, conflict, type KubeObject, setCondition } from '@skiff/api'
import { type Answer, type Call, valueAnswer } from '../http/call.ts'
import { noSuchResource } from '../http/refusals.ts'
import type { Admission } from '../http/request-context.ts'
import { successfullyCreated } from '../http/status-answer.ts'
import { cloneJson } from '../patch/json-value.ts'
import { isAnothersUid, preconditionFailed } from '../registry/preconditions.ts'
import type { Registry } from '../registry/registry.ts'
import type { VirtualResource } from '../registry/resource-definition.ts'
import type { ResourceRegistry } from '../registry/resource-registry.ts'
import type { ObjectRef, WriteContext } from '../registry/write-context.ts'
import { decodeBodyAs } from './decode-body.ts'
import { refOf } from './get.ts'
import { writeContext } from './write-options.ts'

type Conditions = Parameters<typeof setCondition>[0]

/** POST of a Binding to a pod: gives it its node, once. */
export async function bind(call: Call): Promise<Answer> {
  const binding = decodeBodyAs(call, { group: '', version: 'v1', kind: 'Binding' }, 'Ignore')
  await bindPod(call.registry, { binding, ref: refOf(call), write: writeContext(call, 'CreateOptions'), now: call.now })
  return valueAnswer(201, successfullyCreated())
}

/** `bindings`: the same without the pod in the path, as the first schedulers did it. */
export function bindingsResource({ registry, admission, clock }: Parts): VirtualResource {
  return {
    info: BINDINGS,
    async create(binding, { user, namespace, dryRun }) {
      const pods = registry.findKind('v1', 'Pod')
      if (pods === undefined) throw noSuchResource()
      const write = { user, manager: 'unknown', dryRun, admission, warn: () => undefined }
      await bindPod(pods, { binding, ref: { namespace, name: binding.metadata.name }, write, now: clock() })
      return successfullyCreated()
    },
  }
}

interface Parts {
  readonly registry: Registry
  readonly admission: Admission
  readonly clock: () => Date
}

interface BindPod {
  readonly binding: KubeObject
  readonly ref: ObjectRef
  readonly write: WriteContext
  readonly now: Date
}

async function bindPod(pods: ResourceRegistry, { binding, ref, write, now }: BindPod): Promise<void> {
  const node = targetOf(binding)
  const apply = (old: KubeObject | undefined): KubeObject => {
    const pod = cloneJson(old) as KubeObject
    requireUnbound(pod, binding)
    pod.metadata.resourceVersion = ''
    pod.spec = { ...(pod.spec as object), nodeName: node }
    pod.status = scheduled(pod.status as { conditions?: Conditions } | undefined, now)
    return pod
  }
  await pods.update(ref, { subresource: 'binding', createIfMissing: false, apply }, write)
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
  if (isAnothersUid(asked, uid)) throw preconditionFailed('pods/binding', name, { what: 'UID', asked, is: uid })
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

/** POST of an Eviction: a deletion that disruption budgets may refuse (k8s.io/kubernetes/pkg/registry/core/pod/storage/eviction.go). */

import { badRequest, isConflict, type KubeObject, type Pod, podIsTerminal, setCondition } from '@skiff/api'
import { type Answer, type Call, valueAnswer } from '../http/call.ts'
import { successfullyCreated } from '../http/status-answer.ts'
import type { DeleteOptions } from '../registry/deletion.ts'
import { optionsOf, type WriteContext } from '../registry/write-context.ts'
import { decodeBodyAs } from './decode-body.ts'
import { refOf } from './get.ts'
import { beingProcessed, type Taken, takeDisruption } from './take-disruption.ts'
import { parseDryRun, writeContext } from './write-options.ts'

const ATTEMPTS = 20

export async function evict(call: Call): Promise<Answer> {
  const eviction = decodeBodyAs(call, { group: 'policy', version: 'v1', kind: 'Eviction' }, 'Ignore')
  if (eviction.metadata.name !== call.info.name) throw badRequest('name in URL does not match name in Eviction object')
  const asked = (eviction.deleteOptions ?? {}) as DeleteOptions & { dryRun?: string[] }
  const write = writeContext(call, 'CreateOptions')
  const dryRun = write.dryRun || parseDryRun(asked.dryRun ?? [], 'DeleteOptions')
  await admit(call, eviction, { ...write, dryRun })
  // The eviction was judged, the deletion that it comes to is not judged again.
  const quiet = { ...write, dryRun, admission: { mutate: () => undefined, validate: () => undefined } }
  await evictPod(call, { ...asked, dryRun }, quiet)
  return valueAnswer(201, successfullyCreated())
}

async function admit(call: Call, eviction: KubeObject, write: WriteContext): Promise<void> {
  const { namespace, name } = refOf(call)
  const request = {
    ...{ operation: 'CREATE' as const, user: write.user, info: call.registry.info, subresource: 'eviction' as const },
    ...{ namespace, name, object: eviction, old: undefined, options: optionsOf(write, 'CreateOptions') },
    ...{ dryRun: write.dryRun, warn: write.warn, atEnd: () => undefined },
  }
  await call.admission.mutate(request)
  await call.admission.validate(request)
}

async function evictPod(call: Call, options: DeleteOptions, write: WriteContext): Promise<void> {
  const named = options.preconditions?.resourceVersion
  for (let attempt = 1; ; attempt++) {
    const pod = call.registry.get(refOf(call)).object as unknown as Pod
    const budget = isNobodysLoss(pod) ? undefined : await takeDisruption(call, pod, write)
    // A pod that goes without having been paid for must still be what it was judged to be.
    const revision = named ?? (mayBecomeHealthy(pod, budget) ? pod.metadata.resourceVersion : undefined)
    const preconditions = { ...options.preconditions, ...(revision === undefined ? {} : { resourceVersion: revision }) }
    try {
      await deletePod(call, pod, { options: { ...options, preconditions }, write })
      return
    } catch (error) {
      if (!isConflict(error) || named !== undefined) throw error
      if (budget !== undefined) throw beingProcessed(budget.name)
      if (attempt >= ATTEMPTS) throw error
    }
  }
}

/** It serves nobody yet, or no more: no budget is asked. */
function isNobodysLoss(pod: Pod): boolean {
  return podIsTerminal(pod) || pod.status?.phase === 'Pending' || pod.metadata.deletionTimestamp !== undefined
}

function mayBecomeHealthy(pod: Pod, budget: Taken | undefined): boolean {
  if (podIsTerminal(pod) || pod.metadata.deletionTimestamp !== undefined) return false
  return budget === undefined ? pod.status?.phase === 'Pending' : !budget.paid
}

interface Deletion {
  readonly options: DeleteOptions
  readonly write: WriteContext
}

/** Says in the pod's status why it goes, then deletes it; both only if it is still the same. */
async function deletePod(call: Call, pod: Pod, { options, write }: Deletion): Promise<void> {
  const target = { type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI', message: 'Eviction API: evicting' }
  const apply = (old: KubeObject | undefined): KubeObject => {
    const marked = structuredClone(old) as unknown as Pod
    marked.metadata.resourceVersion = options.preconditions?.resourceVersion ?? ''
    const conditions = setCondition(marked.status?.conditions ?? [], target, call.now)
    marked.status = { ...marked.status, conditions: [...conditions] }
    return marked as unknown as KubeObject
  }
  const running = !isNobodysLoss(pod)
  const marking = { subresource: 'status' as const, createIfMissing: false, apply }
  const marked = running ? (await call.registry.update(refOf(call), marking, write)).stored.object : undefined
  const revision = options.preconditions?.resourceVersion && (marked ?? pod).metadata.resourceVersion
  const preconditions = { ...options.preconditions, ...(revision ? { resourceVersion: revision } : {}) }
  await call.registry.delete(refOf(call), { ...options, preconditions }, write)
}

import { findCondition, PODS, type Pod, type PodCondition, setCondition } from '@skiff/api'
import type { ApiClient } from '@skiff/client'

/** The PodScheduled condition that says why the pod waits; undefined when it says so already. */
export function unschedulableCondition(pod: Pod, message: string, now: Date): PodCondition | undefined {
  const before = pod.status?.conditions
  const { generation } = pod.metadata
  const condition: PodCondition = {
    type: 'PodScheduled',
    status: 'False',
    reason: 'Unschedulable',
    message,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
  }
  const after = setCondition(before, condition, now)
  return after === before ? undefined : findCondition(after, 'PodScheduled')
}

export async function reportUnschedulable(client: ApiClient, pod: Pod, condition: PodCondition): Promise<void> {
  const { name, namespace = '', uid } = pod.metadata
  await client.patch(
    PODS,
    { name, namespace, subresource: 'status' },
    { type: 'strategic', body: { metadata: { uid }, status: { conditions: [condition] } } },
  )
}

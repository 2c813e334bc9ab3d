import { PODS, type Pod } from '@skiff/api'
import type { ApiClient } from '@skiff/client'

/** Gives the pod its node. Conflict: it has one already, or it is another pod of the same name by now. */
export async function bindPod(client: ApiClient, pod: Pod, node: string): Promise<void> {
  const { name, namespace = '', uid } = pod.metadata
  const binding = {
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name, namespace, uid },
    target: { apiVersion: 'v1', kind: 'Node', name: node },
  }
  await client.create(PODS, binding, { namespace, name, subresource: 'binding' })
}

import { type KubeObject, pathOf } from '@skiff/api'
import type { ApiClient } from '@skiff/client'
import { type DiscoveredKind, discoverKinds } from '../shared/discovery.ts'
import { errorMessage, unlessGone } from '../shared/errors.ts'
import type { Remaining } from './conditions.ts'

/**
 * Asks for the deletion of everything in a namespace, of whatever kind, and says what is left. Pods go first, and while
 * there are some all else stays: what they need, and what holds them back (NetworkPolicies), is there to their end
 * (KEP-5080).
 */
export async function deleteContent(client: ApiClient, namespace: string): Promise<Remaining> {
  const { kinds, failures } = await discoverKinds(client)
  const deletable = kinds.filter(({ namespaced, verbs }) => namespaced && verbs.has('list') && verbs.has('delete'))
  const pods = deletable.filter(isPods)
  const withoutPods = await deleteKinds(client, pods, namespace)
  const arePodsLeft = withoutPods.resources.size + withoutPods.deletionFailures.length > 0
  const others = deletable.filter((kind) => !isPods(kind))
  const remaining = arePodsLeft ? withoutPods : await deleteKinds(client, others, namespace)
  return { ...remaining, discoveryFailures: failures.map(({ groupVersion, error }) => `${groupVersion}: ${errorMessage(error)}`) }
}

function isPods({ group, resource }: DiscoveredKind): boolean {
  return group === '' && resource === 'pods'
}

async function deleteKinds(
  client: ApiClient,
  kinds: readonly DiscoveredKind[],
  namespace: string,
): Promise<Omit<Remaining, 'discoveryFailures'>> {
  const resources = new Map<string, number>()
  const finalizers = new Map<string, number>()
  const deletionFailures: string[] = []
  for (const kind of kinds) {
    try {
      const left = await deleteAll(client, kind, namespace)
      if (left.length > 0) resources.set(`${kind.resource}.${kind.group}`, left.length)
      for (const name of left.flatMap(({ metadata }) => metadata.finalizers ?? []))
        finalizers.set(name, (finalizers.get(name) ?? 0) + 1)
    } catch (error) {
      deletionFailures.push(errorMessage(error))
    }
  }
  return { resources, finalizers, deletionFailures }
}

/** What is still there afterwards: objects that wait for a grace period or a finalizer. */
async function deleteAll(client: ApiClient, kind: DiscoveredKind, namespace: string): Promise<KubeObject[]> {
  const { items } = await client.list<KubeObject>(kind, { namespace })
  if (items.length === 0) return []
  if (kind.verbs.has('deletecollection')) {
    await client.request('DELETE', pathOf(kind, namespace), { body: { propagationPolicy: 'Background' } })
  } else {
    for (const { metadata } of items) {
      await unlessGone(client.delete(kind, { name: metadata.name, namespace }, { propagationPolicy: 'Background' }))
    }
  }
  return (await client.list<KubeObject>(kind, { namespace })).items
}

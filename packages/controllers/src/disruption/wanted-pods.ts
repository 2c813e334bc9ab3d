import { controllerOf, isNotFound, type OwnerReference, type Pod, REPLICA_SETS } from '@skiff/api'
import type { ApiClient } from '@skiff/client'
import type { KnownKinds } from '../shared/known-kinds.ts'
import { kindNamed, type Scale } from '../shared/scale.ts'

interface WantedPodsOptions {
  readonly client: ApiClient
  readonly kinds: KnownKinds
  /** The Deployment that owns a ReplicaSet, undefined for one that stands by itself. */
  readonly deploymentOf: (replicaSet: OwnerReference, namespace: string) => OwnerReference | undefined
}

/** How many pods the owners of these pods want in all. Pods without an owner count as nothing. Throws Error when one can't be asked. */
export async function wantedPods(pods: readonly Pod[], options: WantedPodsOptions): Promise<number> {
  const owners = new Map<string, { owner: OwnerReference; namespace: string }>()
  for (const pod of pods) {
    const { namespace = '' } = pod.metadata
    const owner = scaledOwner(pod, options.deploymentOf)
    if (owner !== undefined) owners.set(owner.uid, { owner, namespace })
  }
  const counts = await Promise.all([...owners.values()].map(({ owner, namespace }) => replicasOf(owner, namespace, options)))
  return counts.reduce((total, count) => total + count, 0)
}

function scaledOwner(pod: Pod, deploymentOf: WantedPodsOptions['deploymentOf']): OwnerReference | undefined {
  const owner = controllerOf(pod)
  if (owner?.kind !== REPLICA_SETS.kind || owner.apiVersion !== 'apps/v1') return owner
  return deploymentOf(owner, pod.metadata.namespace ?? '') ?? owner
}

async function replicasOf(owner: OwnerReference, namespace: string, { client, kinds }: WantedPodsOptions): Promise<number> {
  const { info: found } = await kindNamed(owner, kinds)
  if (found === undefined) throw new Error(`unknown kind ${owner.apiVersion} ${owner.kind}`)
  try {
    const scale = await client.get<Scale>(found, { name: owner.name, namespace, subresource: 'scale' })
    return scale.metadata.uid === owner.uid ? (scale.spec?.replicas ?? 0) : 0
  } catch (error) {
    if (!isNotFound(error)) throw error
    if (await exists(client, found, { name: owner.name, namespace }))
      throw new Error(`${found.resource}.${found.group} does not implement the scale subresource`, { cause: error })
    return 0
  }
}

async function exists(
  client: ApiClient,
  kind: Parameters<ApiClient['get']>[0],
  ref: { name: string; namespace: string },
): Promise<boolean> {
  try {
    await client.get(kind, ref)
    return true
  } catch (error) {
    if (isNotFound(error)) return false
    throw error
  }
}

import type { KindInfo, OwnerReference } from '@skiff/api'
import { type InformerChange, runController, WorkQueue } from '@skiff/client'
import type { ControllerContext } from '../shared/context.ts'
import { unlessGone } from '../shared/errors.ts'
import { FollowedKinds, type HasMetadata } from './followed-kinds.ts'
import { type GraphNode, graphNodeOf, OwnerGraph, orphansDependents, waitsForDependents } from './graph.ts'
import { type Collection, type OwnerState, planCollection } from './plan.ts'
import { RecentlyAbsent } from './recently-absent.ts'

const CONCURRENCY = 10
/** An owner that only a direct question found: by then its informer should know it, else its deletion could be missed. */
const CONFIRM_OWNER_MS = 30_000

/** Deletes what lost its owners, of whatever kind, and carries out foreground and orphaning deletions. */
export async function runGarbageCollector(context: ControllerContext): Promise<void> {
  const { client, logger, meters, signal } = context
  const queue = new WorkQueue()
  const graph = new OwnerGraph()
  const absent = new RecentlyAbsent()
  const kinds = new FollowedKinds(context, { observe, forget })
  if (!(await kinds.synced())) return

  function observe(kind: KindInfo, { type, object, previous }: InformerChange<HasMetadata>): void {
    const { uid } = object.metadata
    if (type === 'deleted') {
      isGone(uid)
      return
    }
    const node = graphNodeOf(kind, object.metadata)
    graph.put(node)
    if (node.owners.some((owner) => isDoubtful(owner)) || waitsForDependents(node) || orphansDependents(node)) queue.add(uid)
    for (const owner of previous?.metadata.ownerReferences ?? []) lookIfWaiting(owner.uid)
    // Its dependents go when it begins to wait for them.
    if (waitsForDependents(node)) for (const dependent of graph.dependentsOf(uid)) queue.add(dependent.uid)
  }

  function isGone(uid: string): void {
    const gone = graph.get(uid)
    graph.remove(uid)
    absent.add(uid)
    for (const dependent of graph.dependentsOf(uid)) queue.add(dependent.uid)
    for (const owner of gone?.owners ?? []) lookIfWaiting(owner.uid)
  }

  /** A kind is served no more: nothing of it is there. */
  function forget(kind: KindInfo): void {
    for (const { uid } of graph.ofKind(kind)) isGone(uid)
  }

  function isDoubtful({ uid }: OwnerReference): boolean {
    const owner = graph.get(uid)
    return owner === undefined || waitsForDependents(owner)
  }

  function lookIfWaiting(ownerUid: string): void {
    const owner = graph.get(ownerUid)
    if (owner && (waitsForDependents(owner) || orphansDependents(owner))) queue.add(ownerUid)
  }

  async function reconcile(uid: string) {
    const node = graph.get(uid)
    if (!node) return undefined
    const states: OwnerState[] = []
    for (const owner of node.owners) states.push(await stateOf(owner, node))
    await execute(node, planCollection(node, states, graph.dependentsOf(uid)))
    const unconfirmed = node.owners.some((owner, index) => states[index] === 'present' && !graph.get(owner.uid))
    return unconfirmed ? { requeueAfterMs: CONFIRM_OWNER_MS } : undefined
  }

  async function stateOf(reference: OwnerReference, dependent: GraphNode): Promise<OwnerState> {
    const known = graph.get(reference.uid)
    if (known) return waitsForDependents(known) ? 'waits-for-dependents' : 'present'
    if (absent.has(reference.uid)) return 'absent'
    const exists = await ownerExists(reference, dependent)
    if (!exists) absent.add(reference.uid)
    return exists ? 'present' : 'absent'
  }

  /** Asks the server: the informers may be behind, and nothing is deleted on a suspicion. */
  async function ownerExists({ apiVersion, kind, name, uid }: OwnerReference, dependent: GraphNode): Promise<boolean> {
    const info = kinds.named(apiVersion, kind)
    if (!info) throw new Error(`owner kind ${apiVersion} ${kind} is not known`)
    // An owner is in its dependent's namespace or in none.
    if (info.namespaced && dependent.namespace === undefined) return false
    const ref = info.namespaced && dependent.namespace !== undefined ? { name, namespace: dependent.namespace } : { name }
    const owner = await unlessGone(client.get<HasMetadata>(info, ref))
    return owner?.metadata.uid === uid
  }

  async function execute(node: GraphNode, collection: Collection): Promise<void> {
    switch (collection.type) {
      case 'nothing':
        return
      case 'look-at-dependents':
        for (const { uid } of collection.dependents) queue.add(uid)
        return
      case 'delete':
        await deleteNode(node, collection.policy)
        return
      case 'drop-owners':
        await patchMetadata(node, { ownerReferences: node.owners.filter(({ uid }) => !collection.uids.includes(uid)) })
        return
      case 'unblock-owners':
        // This change brings the object here again, to be deleted then.
        await patchMetadata(node, { ownerReferences: node.owners.map((owner) => ({ ...owner, blockOwnerDeletion: false })) })
        return
      case 'release-dependents':
        // The last of these changes brings this owner here again.
        for (const dependent of collection.dependents) {
          await patchMetadata(dependent, { ownerReferences: dependent.owners.filter(({ uid }) => uid !== node.uid) })
        }
        return
      case 'remove-finalizer':
        await patchMetadata(node, { finalizers: node.finalizers.filter((one) => one !== collection.finalizer) })
    }
  }

  /** The resourceVersion makes sure that the owners which were looked at are the owners that it has. */
  async function deleteNode(node: GraphNode, propagationPolicy: 'Background' | 'Foreground' | 'Orphan'): Promise<void> {
    const { kind, uid, resourceVersion } = node
    logger.debug(
      { controller: 'garbage-collector', kind: kind.kind, name: node.name, propagationPolicy },
      'owner is gone, deleting',
    )
    await unlessGone(client.delete(kind, refOf(node), { uid, resourceVersion, propagationPolicy }))
  }

  async function patchMetadata(node: GraphNode, change: object): Promise<void> {
    const body = { metadata: { uid: node.uid, resourceVersion: node.resourceVersion, ...change } }
    await unlessGone(client.patch(node.kind, refOf(node), { type: 'merge', body }))
  }

  await runController({
    name: 'garbage-collector',
    queue,
    concurrency: CONCURRENCY,
    meters,
    logger,
    signal,
    reconcile,
  })
}

function refOf({ name, namespace }: GraphNode): { name: string; namespace?: string } {
  return namespace === undefined ? { name } : { name, namespace }
}

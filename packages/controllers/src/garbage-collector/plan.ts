import type { OwnerReference } from '@skiff/api'
import { type GraphNode, orphansDependents, waitsForDependents } from './graph.ts'

export type OwnerState = 'present' | 'absent' | 'waits-for-dependents'

export type Collection =
  | { readonly type: 'nothing' }
  | { readonly type: 'delete'; readonly policy: 'Background' | 'Foreground' | 'Orphan' }
  /** Forget owners that are gone: another one still holds the object. */
  | { readonly type: 'drop-owners'; readonly uids: readonly string[] }
  /** It holds up an owner that it is itself an owner of, through others: somebody must let go first. */
  | { readonly type: 'unblock-owners' }
  | { readonly type: 'release-dependents'; readonly dependents: readonly GraphNode[] }
  | { readonly type: 'look-at-dependents'; readonly dependents: readonly GraphNode[] }
  | { readonly type: 'remove-finalizer'; readonly finalizer: string }

/**
 * What is due with one object (upstream's attemptToDeleteItem and attemptToOrphan).
 * @param ownerStates in the order of the object's owner references
 */
export function planCollection(
  node: GraphNode,
  ownerStates: readonly OwnerState[],
  dependents: readonly GraphNode[],
): Collection {
  if (orphansDependents(node)) {
    return dependents.length > 0 ? { type: 'release-dependents', dependents } : { type: 'remove-finalizer', finalizer: 'orphan' }
  }
  if (waitsForDependents(node)) return awaitDependents(node, dependents)
  if (node.deleting || node.owners.length === 0) return { type: 'nothing' }

  const lost = node.owners.filter((_, index) => ownerStates[index] !== 'present')
  if (lost.length === 0) return { type: 'nothing' }
  if (lost.length < node.owners.length) return { type: 'drop-owners', uids: lost.map(({ uid }) => uid) }
  const ownerWaits = ownerStates.includes('waits-for-dependents')
  if (ownerWaits && dependents.some(waitsForDependents) && node.owners.some(blocks)) return { type: 'unblock-owners' }
  return { type: 'delete', policy: ownerWaits && dependents.length > 0 ? 'Foreground' : policyOf(node) }
}

function awaitDependents(node: GraphNode, dependents: readonly GraphNode[]): Collection {
  const blocking = dependents.filter(({ owners }) => owners.some((owner) => owner.uid === node.uid && blocks(owner)))
  if (blocking.length === 0) return { type: 'remove-finalizer', finalizer: 'foregroundDeletion' }
  return { type: 'look-at-dependents', dependents: dependents.filter(({ deleting }) => !deleting) }
}

function blocks({ blockOwnerDeletion }: OwnerReference): boolean {
  return blockOwnerDeletion === true
}

/** A finalizer that is there already says how the object's own dependents are to be treated. */
function policyOf({ finalizers }: GraphNode): 'Background' | 'Foreground' | 'Orphan' {
  if (finalizers.includes('orphan')) return 'Orphan'
  return finalizers.includes('foregroundDeletion') ? 'Foreground' : 'Background'
}

/** Who an object belongs to, and what it is called. */

import type { OwnerReference } from './types.ts'

interface Named {
  readonly metadata: { readonly name?: string; readonly namespace?: string }
}

interface Owned {
  readonly metadata?: { readonly ownerReferences?: readonly OwnerReference[] }
}

interface Owner {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly uid: string }
}

/** `namespace/name`, or the name alone for a cluster-wide object. */
export function keyOf(object: Named): string {
  const { name = '', namespace } = object.metadata
  return namespace === undefined || namespace === '' ? name : `${namespace}/${name}`
}

/** The parts of `keyOf`; no namespace for a cluster-wide object. */
export function splitKey(key: string): { name: string; namespace?: string } {
  const slash = key.indexOf('/')
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}

/** The one owner that manages the object, if any. */
export function controllerOf(object: Owned): OwnerReference | undefined {
  return object.metadata?.ownerReferences?.find((reference) => reference.controller === true)
}

/** Whether `owner` is the object's controller. By uid: a later owner of the same name is another one. */
export function isControlledBy(object: Owned, owner: { readonly metadata: { readonly uid: string } }): boolean {
  return controllerOf(object)?.uid === owner.metadata.uid
}

/** A reference to put on a dependent. `controller: true` also blocks the owner's deletion in the foreground, as upstream. */
export function ownerReferenceTo(owner: Owner, options: { readonly controller?: boolean } = {}): OwnerReference {
  const reference = { apiVersion: owner.apiVersion, kind: owner.kind, name: owner.metadata.name, uid: owner.metadata.uid }
  return options.controller === true ? { ...reference, controller: true, blockOwnerDeletion: true } : reference
}

import type { KindInfo, ObjectMeta, OwnerReference } from '@skiff/api'

/** What the garbage collector knows of an object. */
export interface GraphNode {
  readonly uid: string
  readonly kind: KindInfo
  readonly name: string
  readonly namespace: string | undefined
  readonly resourceVersion: string
  readonly owners: readonly OwnerReference[]
  readonly finalizers: readonly string[]
  readonly deleting: boolean
}

export function graphNodeOf(kind: KindInfo, metadata: ObjectMeta): GraphNode {
  return {
    uid: metadata.uid,
    kind,
    name: metadata.name,
    namespace: metadata.namespace,
    resourceVersion: metadata.resourceVersion,
    owners: metadata.ownerReferences ?? [],
    finalizers: metadata.finalizers ?? [],
    deleting: metadata.deletionTimestamp !== undefined,
  }
}

/** Deleted in the foreground: it waits for its dependents to go first. */
export function waitsForDependents({ deleting, finalizers }: GraphNode): boolean {
  return deleting && finalizers.includes('foregroundDeletion')
}

/** Being deleted, and its dependents are to live on without it. */
export function orphansDependents({ deleting, finalizers }: GraphNode): boolean {
  return deleting && finalizers.includes('orphan')
}

/** Who owns whom, by uid, over all kinds. */
export class OwnerGraph {
  readonly #nodes = new Map<string, GraphNode>()
  readonly #dependents = new Map<string, Set<string>>()

  get(uid: string): GraphNode | undefined {
    return this.#nodes.get(uid)
  }

  put(node: GraphNode): void {
    this.#unlink(node.uid)
    this.#nodes.set(node.uid, node)
    for (const { uid } of node.owners) {
      const dependents = this.#dependents.get(uid)
      if (dependents) dependents.add(node.uid)
      else this.#dependents.set(uid, new Set([node.uid]))
    }
  }

  remove(uid: string): void {
    this.#unlink(uid)
    this.#nodes.delete(uid)
  }

  /** The objects of a kind, in whatever version. */
  ofKind({ group, resource }: Pick<KindInfo, 'group' | 'resource'>): GraphNode[] {
    return [...this.#nodes.values()].filter(({ kind }) => kind.group === group && kind.resource === resource)
  }

  dependentsOf(uid: string): GraphNode[] {
    return [...(this.#dependents.get(uid) ?? [])].flatMap((dependent) => this.#nodes.get(dependent) ?? [])
  }

  #unlink(uid: string): void {
    for (const owner of this.#nodes.get(uid)?.owners ?? []) {
      const dependents = this.#dependents.get(owner.uid)
      dependents?.delete(uid)
      if (dependents?.size === 0) this.#dependents.delete(owner.uid)
    }
  }
}

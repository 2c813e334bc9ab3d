import type { EndpointSlice, Event, KubeObject, Node, ObjectMeta, Pod, ReplicaSet } from '@skiff/api'

/** What an explanation may draw on: one namespace's objects, and the nodes. What the asker may not read is not in it. */
export interface Surroundings {
  readonly now: Date
  readonly pods: readonly Pod[]
  readonly replicaSets: readonly ReplicaSet[]
  readonly slices: readonly EndpointSlice[]
  readonly events: readonly Event[]
  readonly nodes: readonly Node[]
}

/** The latest first. */
export function eventsOf(around: Surroundings, object: { readonly metadata: Pick<ObjectMeta, 'uid'> }): readonly Event[] {
  return around.events
    .filter(({ involvedObject }) => involvedObject.uid === object.metadata.uid)
    .toSorted((a, b) => lastSeen(b) - lastSeen(a))
}

export function latestWarning(around: Surroundings, object: { readonly metadata: Pick<ObjectMeta, 'uid'> }): Event | undefined {
  return eventsOf(around, object).find(({ type }) => type === 'Warning')
}

export function lastSeen(event: Event): number {
  return Date.parse(event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp)
}

export function isDeleting(object: Pick<KubeObject, 'metadata'>): boolean {
  return object.metadata.deletionTimestamp !== undefined
}

/** Pods of a controller, those of a Deployment through its ReplicaSets. */
export function podsOwnedBy(around: Surroundings, owner: Pick<KubeObject, 'metadata'>): readonly Pod[] {
  const sets = around.replicaSets.filter((set) => isOwned(set, [owner.metadata.uid])).map(({ metadata }) => metadata.uid)
  return around.pods.filter((pod) => isOwned(pod, [owner.metadata.uid, ...sets]))
}

function isOwned({ metadata }: { readonly metadata: ObjectMeta }, uids: readonly string[]): boolean {
  return (metadata.ownerReferences ?? []).some(({ controller, uid }) => controller === true && uids.includes(uid))
}

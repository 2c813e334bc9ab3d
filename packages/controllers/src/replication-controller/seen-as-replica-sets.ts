import type { ReplicaSet, ReplicationController } from '@skiff/api'
import type { Informer } from '@skiff/client'
import type { ReplicaSets } from '../replica-set/controller.ts'

/** The same objects, read as ReplicaSets. */
export function seenAsReplicaSets(controllers: Informer<ReplicationController>): ReplicaSets {
  return {
    start: () => controllers.start(),
    synced: controllers.synced,
    revision: () => controllers.revision(),
    get: (key) => {
      const controller = controllers.get(key)
      return controller && asReplicaSet(controller)
    },
    byIndex: (index, value) => controllers.byIndex(index, value).map(asReplicaSet),
    onChange: (listener) =>
      controllers.onChange(({ previous, ...change }) =>
        listener({
          ...change,
          object: asReplicaSet(change.object),
          ...(previous === undefined ? {} : { previous: asReplicaSet(previous) }),
        }),
      ),
  }
}

/** Its `apiVersion` and `kind` are as they were, so that events are told of the object itself. */
function asReplicaSet(controller: ReplicationController): ReplicaSet {
  const spec: ReplicaSet['spec'] = { ...controller.spec, selector: { matchLabels: controller.spec.selector ?? {} } }
  return { ...(controller as object as ReplicaSet), spec }
}

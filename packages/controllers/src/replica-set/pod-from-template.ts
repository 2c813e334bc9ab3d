import { type Draft, ownerReferenceTo, type Pod, type ReplicaSet } from '@skiff/api'

/** The next pod of a ReplicaSet, as it is sent: the server finds the rest of its name. */
export function podFromTemplate(replicaSet: ReplicaSet): Draft<Pod> {
  const { metadata, spec } = replicaSet.spec.template ?? {}
  if (!spec) throw new Error(`ReplicaSet ${replicaSet.metadata.name} has no pod template`)
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: `${replicaSet.metadata.name}-`,
      ...(replicaSet.metadata.namespace === undefined ? {} : { namespace: replicaSet.metadata.namespace }),
      ...(metadata?.labels ? { labels: metadata.labels } : {}),
      ...(metadata?.annotations ? { annotations: metadata.annotations } : {}),
      ...(metadata?.finalizers ? { finalizers: metadata.finalizers } : {}),
      ownerReferences: [
        ownerReferenceTo({ apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: replicaSet.metadata }, { controller: true }),
      ],
    },
    spec,
  }
}

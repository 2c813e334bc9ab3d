import { apiVersionOf, type Draft, type KindInfo, ownerReferenceTo, type Pod, type ReplicaSet } from '@skiff/api'

/** The next pod of a ReplicaSet (or of what is seen as one), as it is sent: the server finds the rest of its name. */
export function podFromTemplate(replicaSet: ReplicaSet, info: KindInfo): Draft<Pod> {
  const { metadata, spec } = replicaSet.spec.template ?? {}
  if (!spec) throw new Error(`${info.kind} ${replicaSet.metadata.name} has no pod template`)
  const owner = { apiVersion: apiVersionOf(info), kind: info.kind, metadata: replicaSet.metadata }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: `${replicaSet.metadata.name}-`,
      ...(replicaSet.metadata.namespace === undefined ? {} : { namespace: replicaSet.metadata.namespace }),
      ...(metadata?.labels ? { labels: metadata.labels } : {}),
      ...(metadata?.annotations ? { annotations: metadata.annotations } : {}),
      ...(metadata?.finalizers ? { finalizers: metadata.finalizers } : {}),
      ownerReferences: [ownerReferenceTo(owner, { controller: true })],
    },
    spec,
  }
}

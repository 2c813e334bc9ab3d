import { ephemeralClaimProblem, ownerReferenceTo, type PersistentVolumeClaim, type Pod, podClaims, podIsActive } from '@skiff/api'

export interface EphemeralPlan {
  /** Claims to create, without what the server adds. */
  readonly create: readonly { readonly volume: string; readonly claim: object }[]
  /** Claims of somebody else that have a name which the pod needs. */
  readonly problems: readonly { readonly volume: string; readonly message: string }[]
}

/** The claims that a pod's generic ephemeral volumes lack. They go with their pod. Pure. */
export function planEphemeralVolumes(
  pod: Pod,
  existing: (claimName: string) => PersistentVolumeClaim | undefined,
): EphemeralPlan {
  const create: { volume: string; claim: object }[] = []
  const problems: { volume: string; message: string }[] = []
  if (!podIsActive(pod)) return { create, problems }
  for (const { volume, claimName, ephemeral } of podClaims(pod)) {
    if (!ephemeral) continue
    const found = existing(claimName)
    const message = found && ephemeralClaimProblem(pod, found)
    if (message !== undefined) problems.push({ volume: volume.name, message })
    if (found !== undefined) continue
    const { metadata, spec } = volume.ephemeral?.volumeClaimTemplate ?? {}
    const { labels, annotations } = metadata ?? {}
    create.push({
      volume: volume.name,
      claim: {
        metadata: {
          name: claimName,
          namespace: pod.metadata.namespace,
          ...(labels ? { labels } : {}),
          ...(annotations ? { annotations } : {}),
          ownerReferences: [ownerReferenceTo(pod, { controller: true })],
        },
        spec,
      },
    })
  }
  return { create, problems }
}

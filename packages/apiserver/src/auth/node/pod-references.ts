import type { Pod } from '@skiff/api'

/** Kinds that a node may read only because a pod of its own names them. */
export type ReferencedKind = 'secrets' | 'configmaps' | 'persistentvolumeclaims' | 'serviceaccounts'

export interface PodReference {
  readonly kind: ReferencedKind
  readonly name: string
}

type Container = Pick<Pod['spec']['containers'][number], 'env' | 'envFrom'>
type Volume = NonNullable<Pod['spec']['volumes']>[number]

/** All that a pod's node must read to run it; every one is of the pod's own namespace. */
export function podReferences({ metadata, spec }: Pod): readonly PodReference[] {
  const containers: Container[] = [...(spec.initContainers ?? []), ...spec.containers, ...(spec.ephemeralContainers ?? [])]
  return [
    ...reference('serviceaccounts', spec.serviceAccountName),
    ...(spec.imagePullSecrets ?? []).flatMap(({ name }) => reference('secrets', name)),
    ...containers.flatMap(ofContainer),
    ...(spec.volumes ?? []).flatMap((volume) => ofVolume(volume, metadata.name)),
  ]
}

function ofContainer({ env = [], envFrom = [] }: Container): PodReference[] {
  return [
    ...envFrom.flatMap(({ configMapRef, secretRef }) => [
      ...reference('configmaps', configMapRef?.name),
      ...reference('secrets', secretRef?.name),
    ]),
    ...env.flatMap(({ valueFrom }) => [
      ...reference('configmaps', valueFrom?.configMapKeyRef?.name),
      ...reference('secrets', valueFrom?.secretKeyRef?.name),
    ]),
  ]
}

function ofVolume(volume: Volume, podName: string): PodReference[] {
  const { name, configMap, secret, projected, persistentVolumeClaim, ephemeral, azureFile } = volume
  return [
    ...reference('configmaps', configMap?.name),
    ...reference('secrets', secret?.secretName),
    ...(projected?.sources ?? []).flatMap((source) => [
      ...reference('configmaps', source.configMap?.name),
      ...reference('secrets', source.secret?.name),
    ]),
    ...reference('persistentvolumeclaims', persistentVolumeClaim?.claimName),
    ...reference('persistentvolumeclaims', ephemeral === undefined ? undefined : `${podName}-${name}`),
    ...reference('secrets', azureFile?.secretName),
    ...ofDriver(volume),
  ]
}

/** Drivers of storage name their Secret in a field of one of these names. */
function ofDriver(volume: Volume): PodReference[] {
  return Object.values(volume).flatMap((source: unknown) => {
    if (typeof source !== 'object' || source === null) return []
    const { secretRef, nodePublishSecretRef } = source as Readonly<Record<string, { readonly name?: string } | undefined>>
    return [...reference('secrets', secretRef?.name), ...reference('secrets', nodePublishSecretRef?.name)]
  })
}

function reference(kind: ReferencedKind, name: string | undefined): PodReference[] {
  return name === undefined || name === '' ? [] : [{ kind, name }]
}

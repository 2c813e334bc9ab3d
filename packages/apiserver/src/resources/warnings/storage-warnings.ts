/** What Kubernetes advises against in volumes and claims (pkg/api/persistentvolume, persistentvolumeclaim). */
import { type FieldPath, type PersistentVolume, type PersistentVolumeClaim, path } from '@skiff/api'
import { deadSourceWarnings } from './dead-volumes.ts'
import { fractions } from './fractions.ts'
import { nodeTermWarnings } from './placement-warnings.ts'

const OLD_CLASS = 'volume.beta.kubernetes.io/storage-class'

export function claimWarnings(claim: PersistentVolumeClaim): string[] {
  return [...classWarnings(claim), ...claimSpecWarnings(claim.spec, path('spec'))]
}

/** Of a claim, or of the template of one. */
export function claimSpecWarnings({ resources }: Pick<PersistentVolumeClaim['spec'], 'resources'>, field: FieldPath): string[] {
  const at = field.child('resources')
  return [
    ...fractions(resources?.requests, at.child('requests'), ['storage']),
    ...fractions(resources?.limits, at.child('limits'), ['storage']),
  ]
}

export function volumeWarnings(volume: PersistentVolume): string[] {
  const { spec } = volume
  const at = path('spec')
  const terms = spec.nodeAffinity?.required?.nodeSelectorTerms ?? []
  return [
    ...classWarnings(volume),
    ...(spec.persistentVolumeReclaimPolicy === 'Recycle'
      ? [
          `${at.child('persistentVolumeReclaimPolicy')}: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.`,
        ]
      : []),
    ...terms.flatMap((term, index) =>
      nodeTermWarnings(term, at.child('nodeAffinity', 'required', 'nodeSelectorTerms').index(index)),
    ),
    ...deadSourceWarnings(spec, at, 'volume'),
  ]
}

function classWarnings({ metadata }: Pick<PersistentVolume, 'metadata'>): string[] {
  if (metadata.annotations?.[OLD_CLASS] === undefined) return []
  return [`${path('metadata', 'annotations').key(OLD_CLASS)}: deprecated since v1.8; use "storageClassName" attribute instead`]
}

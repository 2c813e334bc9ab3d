import { type FieldError, type FieldPath, forbiddenField, invalid, type Pod, path } from '@skiff/api'
import { validatePodSpec } from './validate-pod-spec.ts'

/** A pod itself: what holds for every pod spec, and what a template may still leave open. */
export function validatePod(pod: Pod): FieldError[] {
  const field = path('spec')
  return [
    ...validatePodSpec(pod.spec, field, { isPod: true }),
    ...validateTokenVolumes(pod.spec, field.child('volumes')),
    ...validateImages(pod.spec.containers, field.child('containers')),
    ...validateImages(pod.spec.initContainers, field.child('initContainers')),
    ...validateImages(pod.spec.ephemeralContainers, field.child('ephemeralContainers')),
  ]
}

function validateTokenVolumes({ serviceAccountName, volumes = [] }: Pod['spec'], field: FieldPath): FieldError[] {
  if (serviceAccountName) return []
  return volumes.flatMap(({ projected }, index) =>
    (projected?.sources ?? []).flatMap(({ serviceAccountToken }, at) => {
      const source = field.index(index).child('projected', 'sources').index(at).child('serviceAccountToken')
      return serviceAccountToken ? [forbiddenField(source, 'must not be specified when serviceAccountName is not set')] : []
    }),
  )
}

function validateImages(containers: readonly { image?: string }[] | undefined, field: FieldPath): FieldError[] {
  return (containers ?? []).flatMap(({ image = '' }, index) =>
    image === image.trim()
      ? []
      : [invalid(field.index(index).child('image'), image, 'must not have leading or trailing whitespace')],
  )
}

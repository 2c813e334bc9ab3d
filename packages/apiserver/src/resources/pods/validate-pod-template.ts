import { type FieldError, type FieldPath, invalidEach, type PodTemplateSpec, qualifiedNameProblems, required } from '@skiff/api'
import { validateLabels } from '../validate-selector.ts'
import { validatePodSpec } from './validate-pod-spec.ts'

/** Labels, annotations and spec of a template: what Deployments, ReplicaSets and their like carry. */
export function validatePodTemplate(template: PodTemplateSpec, field: FieldPath): FieldError[] {
  const annotations = field.child('metadata', 'annotations')
  const errors = [
    ...validateLabels(template.metadata?.labels, field.child('metadata', 'labels')),
    ...Object.keys(template.metadata?.annotations ?? {}).flatMap((key) =>
      invalidEach(annotations, key, qualifiedNameProblems(key.toLowerCase())),
    ),
  ]
  const spec = field.child('spec')
  errors.push(...(template.spec ? validatePodSpec(template.spec, spec) : [required(spec.child('containers'))]))
  if ((template.spec?.ephemeralContainers ?? []).length > 0) {
    errors.push({
      type: 'Forbidden',
      field: `${spec}.ephemeralContainers`,
      detail: 'ephemeral containers not allowed in pod template',
    })
  }
  return errors
}

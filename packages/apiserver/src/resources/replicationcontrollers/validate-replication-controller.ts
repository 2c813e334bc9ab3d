import { type FieldError, type FieldPath, invalid, path, type ReplicationController, required, selectsLabels } from '@skiff/api'
import { validatePodTemplate } from '../pods/validate-pod-template.ts'
import { validateNonNegative } from '../validate-numbers.ts'
import { validateEndlessPods } from '../workloads/validate-workload.ts'

type Spec = ReplicationController['spec']

export function validateReplicationController({ spec }: ReplicationController): FieldError[] {
  const field = path('spec')
  const hasSelector = Object.keys(spec.selector ?? {}).length > 0
  return [
    ...validateNonNegative(spec.minReadySeconds, field.child('minReadySeconds')),
    ...(hasSelector ? [] : [required(field.child('selector'))]),
    ...validateNonNegative(spec.replicas, field.child('replicas')),
    ...validateTemplate(spec, field.child('template')),
  ]
}

function validateTemplate({ template, selector }: Spec, field: FieldPath): FieldError[] {
  if (template === undefined) return [required(field)]
  const labels = template.metadata?.labels ?? {}
  const selects = Object.keys(selector ?? {}).length === 0 || selectsLabels(selector, labels)
  return [
    ...(selects ? [] : [invalid(field.child('metadata', 'labels'), labels, '`selector` does not match template `labels`')]),
    ...validatePodTemplate(template, field),
    ...validateEndlessPods(template, field, 'ReplicationController'),
  ]
}

import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  type LabelSelector,
  labelSelectorMatches,
  notSupported,
  type PodTemplateSpec,
  path,
  type ReplicaSet,
  required,
} from '@skiff/api'
import { jsonEquals } from '../../patch/json-value.ts'
import { validatePodTemplate } from '../pods/validate-pod-template.ts'
import { validateNonNegative } from '../validate-numbers.ts'
import { validateLabelSelector } from '../validate-selector.ts'

export function validateReplicaSet({ spec }: ReplicaSet): FieldError[] {
  const field = path('spec')
  const errors = [
    ...validateNonNegative(spec.replicas, field.child('replicas')),
    ...validateNonNegative(spec.minReadySeconds, field.child('minReadySeconds')),
    ...validateWorkloadSelector(spec.selector, 'replicaset', field.child('selector')),
  ]
  return [...errors, ...validateWorkloadTemplate(spec.template, spec.selector, field.child('template'))]
}

export function validateReplicaSetUpdate({ spec }: ReplicaSet, old: ReplicaSet): FieldError[] {
  return jsonEquals(spec.selector, old.spec.selector) ? [] : [invalid('spec.selector', spec.selector, 'field is immutable')]
}

export function validateReplicaSetStatus({ status }: ReplicaSet): FieldError[] {
  const field = path('status')
  const { replicas = 0, fullyLabeledReplicas = 0, readyReplicas = 0, availableReplicas = 0 } = status ?? {}
  const errors = Object.entries({ replicas, fullyLabeledReplicas, readyReplicas, availableReplicas }).flatMap(([name, value]) =>
    validateNonNegative(value, field.child(name)),
  )
  const tooMany = 'cannot be greater than status.replicas'
  if (fullyLabeledReplicas > replicas) errors.push(invalid(field.child('fullyLabeledReplicas'), fullyLabeledReplicas, tooMany))
  if (readyReplicas > replicas) errors.push(invalid(field.child('readyReplicas'), readyReplicas, tooMany))
  if (availableReplicas > replicas) errors.push(invalid(field.child('availableReplicas'), availableReplicas, tooMany))
  if (availableReplicas > readyReplicas) {
    errors.push(invalid(field.child('availableReplicas'), availableReplicas, 'cannot be greater than readyReplicas'))
  }
  return errors
}

/** The selector of a kind that owns pods: there, and not one that selects everything. */
export function validateWorkloadSelector(selector: LabelSelector | undefined, kind: string, field: FieldPath): FieldError[] {
  if (!selector) return [required(field)]
  const errors = validateLabelSelector(selector, field)
  const empty = Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions ?? []).length === 0
  if (empty) errors.push(invalid(field, selector, `empty selector is invalid for ${kind}`))
  return errors
}

/** The template of a kind that keeps its pods running: selected by it, restarted always, without a deadline. */
export function validateWorkloadTemplate(
  template: PodTemplateSpec | undefined,
  selector: LabelSelector | undefined,
  field: FieldPath,
): FieldError[] {
  if (!template) return [required(field)]
  const errors: FieldError[] = []
  const labels = template.metadata?.labels
  const selectable = isUsable(selector)
  if (selectable === 'no') errors.push(invalid('spec.selector', selector, 'invalid label selector'))
  else if (selectable === 'absent' || !labelSelectorMatches(selector, labels)) {
    if (
      selectable === 'absent' ||
      Object.keys(selector?.matchLabels ?? {}).length + (selector?.matchExpressions ?? []).length > 0
    ) {
      errors.push(invalid(field.child('metadata', 'labels'), labels ?? {}, '`selector` does not match template `labels`'))
    }
  }
  errors.push(...validatePodTemplate(template, field))
  const { restartPolicy, activeDeadlineSeconds } = template.spec ?? {}
  if (restartPolicy !== undefined && restartPolicy !== 'Always') {
    errors.push(notSupported(field.child('spec', 'restartPolicy'), restartPolicy, ['Always']))
  }
  if (activeDeadlineSeconds !== undefined) {
    errors.push(
      forbiddenField(field.child('spec', 'activeDeadlineSeconds'), 'activeDeadlineSeconds in ReplicaSet is not Supported'),
    )
  }
  return errors
}

function isUsable(selector: LabelSelector | undefined): 'yes' | 'no' | 'absent' {
  if (!selector) return 'absent'
  return validateLabelSelector(selector, path('selector')).length === 0 ? 'yes' : 'no'
}

import { type FieldError, invalid, path, type ReplicaSet } from '@skiff/api'
import { jsonEquals } from '../../patch/json-value.ts'
import { validateNonNegative } from '../validate-numbers.ts'
import { validateWorkloadSelector, validateWorkloadTemplate } from '../workloads/validate-workload.ts'

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

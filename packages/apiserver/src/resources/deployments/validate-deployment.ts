import { type Deployment, type FieldError, type FieldPath, forbiddenField, invalid, notSupported, path } from '@skiff/api'
import { jsonEquals } from '../../patch/json-value.ts'
import { isZero, validateAtMostAll, validateIntOrPercent, validateNonNegative } from '../validate-numbers.ts'
import { validateWorkloadSelector, validateWorkloadTemplate } from '../workloads/validate-workload.ts'

export function validateDeployment({ spec }: Deployment): FieldError[] {
  const field = path('spec')
  return [
    ...validateNonNegative(spec.replicas, field.child('replicas')),
    ...validateWorkloadSelector(spec.selector, 'deployment', field.child('selector')),
    ...validateWorkloadTemplate(spec.template, spec.selector, field.child('template')),
    ...validateStrategy(spec.strategy, field.child('strategy')),
    ...validateNonNegative(spec.minReadySeconds, field.child('minReadySeconds')),
    ...validateNonNegative(spec.revisionHistoryLimit, field.child('revisionHistoryLimit')),
    ...validateDeadline(spec, field.child('progressDeadlineSeconds')),
  ]
}

function validateStrategy(strategy: Deployment['spec']['strategy'], field: FieldPath): FieldError[] {
  const at = field.child('rollingUpdate')
  switch (strategy?.type) {
    case 'Recreate':
      return strategy.rollingUpdate ? [forbiddenField(at, "may not be specified when strategy `type` is 'Recreate'")] : []
    case 'RollingUpdate':
      return validateRollingUpdate(strategy.rollingUpdate ?? {}, at)
    default:
      return [notSupported(field, strategy, ['Recreate', 'RollingUpdate'])]
  }
}

type RollingUpdate = NonNullable<NonNullable<Deployment['spec']['strategy']>['rollingUpdate']>

function validateRollingUpdate({ maxSurge, maxUnavailable }: RollingUpdate, field: FieldPath): FieldError[] {
  const errors = [
    ...validateIntOrPercent(maxUnavailable, field.child('maxUnavailable')),
    ...validateIntOrPercent(maxSurge, field.child('maxSurge')),
  ]
  if (isZero(maxSurge) && isZero(maxUnavailable)) {
    errors.push(invalid(field.child('maxUnavailable'), maxUnavailable, 'may not be 0 when `maxSurge` is 0'))
  }
  return [...errors, ...validateAtMostAll(maxUnavailable, field.child('maxUnavailable'))]
}

function validateDeadline(spec: Deployment['spec'], field: FieldPath): FieldError[] {
  const { progressDeadlineSeconds: deadline, minReadySeconds = 0 } = spec
  if (deadline === undefined) return []
  const errors = validateNonNegative(deadline, field)
  if (deadline <= minReadySeconds) errors.push(invalid(field, deadline, 'must be greater than minReadySeconds'))
  return errors
}

export function validateDeploymentUpdate({ spec }: Deployment, old: Deployment): FieldError[] {
  return jsonEquals(spec.selector, old.spec.selector) ? [] : [invalid('spec.selector', spec.selector, 'field is immutable')]
}

export function validateDeploymentStatus({ status = {} }: Deployment, old: Deployment): FieldError[] {
  const field = path('status')
  const { replicas = 0, updatedReplicas = 0, readyReplicas = 0, availableReplicas = 0, unavailableReplicas = 0 } = status
  const { observedGeneration = 0, collisionCount } = status
  const counts = { observedGeneration, replicas, updatedReplicas, readyReplicas, availableReplicas, unavailableReplicas }
  const errors = Object.entries(counts).flatMap(([name, value]) => validateNonNegative(value, field.child(name)))
  errors.push(...validateNonNegative(collisionCount, field.child('collisionCount')))
  if (collisionCount !== undefined && collisionCount < (old.status?.collisionCount ?? 0)) {
    errors.push(invalid(field.child('collisionCount'), collisionCount, 'cannot be decremented'))
  }
  const tooMany = 'cannot be greater than status.replicas'
  for (const [name, value] of Object.entries({ updatedReplicas, readyReplicas, availableReplicas })) {
    if (value > replicas) errors.push(invalid(field.child(name), value, tooMany))
  }
  if (availableReplicas > readyReplicas) {
    errors.push(invalid(field.child('availableReplicas'), availableReplicas, 'cannot be greater than readyReplicas'))
  }
  return errors
}

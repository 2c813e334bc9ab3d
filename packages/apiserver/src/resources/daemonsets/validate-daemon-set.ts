import {
  type DaemonSet,
  type FieldError,
  type FieldPath,
  invalid,
  labelSelectorMatches,
  notSupported,
  path,
  required,
} from '@skiff/api'
import { validatePodTemplate } from '../pods/validate-pod-template.ts'
import { validateImmutable } from '../validate-immutable.ts'
import { isZero, validateAtMostAll, validateIntOrPercent, validateNonNegative } from '../validate-numbers.ts'
import { validateLabelSelector } from '../validate-selector.ts'
import { isEmptySelector, validateEndlessPods } from '../workloads/validate-workload.ts'

type Spec = DaemonSet['spec']

export function validateDaemonSet({ spec }: DaemonSet): FieldError[] {
  const field = path('spec')
  const template = field.child('template')
  return [
    ...validatePodTemplate(spec.template ?? {}, template),
    ...validateSelector(spec, field),
    ...validateEndlessPods(spec.template ?? {}, template, 'DaemonSet'),
    ...validateNonNegative(spec.minReadySeconds, field.child('minReadySeconds')),
    ...validateUpdateStrategy(spec.updateStrategy, field.child('updateStrategy')),
    ...validateNonNegative(spec.revisionHistoryLimit, field.child('revisionHistoryLimit')),
  ]
}

function validateSelector({ selector, template }: Spec, field: FieldPath): FieldError[] {
  const at = field.child('selector')
  const problems = selector ? validateLabelSelector(selector, at) : []
  if (problems.length > 0) return problems
  const labels = template?.metadata?.labels ?? {}
  const errors: FieldError[] = []
  if (!labelSelectorMatches(selector, labels)) {
    const detail = '`selector` does not match template `labels`'
    errors.push(invalid(field.child('template', 'metadata', 'labels'), labels, detail))
  }
  if (selector && isEmptySelector(selector)) errors.push(invalid(at, selector, 'empty selector is invalid for daemonset'))
  return errors
}

function validateUpdateStrategy(strategy: Spec['updateStrategy'], field: FieldPath): FieldError[] {
  switch (strategy?.type) {
    case 'OnDelete':
      return []
    case 'RollingUpdate':
      return validateRollingUpdate(strategy.rollingUpdate, field.child('rollingUpdate'))
    default:
      return [notSupported(field, strategy, ['RollingUpdate', 'OnDelete'])]
  }
}

/** Either pods go before their successors come, or successors come first: exactly one of the two numbers is not zero. */
function validateRollingUpdate(
  update: NonNullable<Spec['updateStrategy']>['rollingUpdate'] | undefined,
  field: FieldPath,
): FieldError[] {
  if (!update) return [required(field)]
  const { maxUnavailable, maxSurge } = update
  const [unavailable, surge] = [field.child('maxUnavailable'), field.child('maxSurge')]
  const errors = [
    ...validateIntOrPercent(maxUnavailable, unavailable),
    ...validateIntOrPercent(maxSurge, surge),
    ...validateAtMostAll(maxUnavailable, unavailable),
    ...validateAtMostAll(maxSurge, surge),
  ]
  if (isZero(maxUnavailable) && isZero(maxSurge)) errors.push(required(unavailable, 'cannot be 0 when maxSurge is 0'))
  if (!isZero(maxUnavailable) && !isZero(maxSurge))
    errors.push(invalid(surge, maxSurge, 'may not be set when maxUnavailable is non-zero'))
  return errors
}

export function validateDaemonSetUpdate({ spec }: DaemonSet, old: DaemonSet): FieldError[] {
  return validateImmutable(spec.selector, old.spec.selector, 'spec.selector')
}

import { type FieldError, type FieldPath, type HorizontalPodAutoscaler, invalid, required } from '@skiff/api'
import { validateChoice } from '../validate-choice.ts'
import { validatePositive } from '../validate-numbers.ts'

type Behavior = NonNullable<HorizontalPodAutoscaler['spec']['behavior']>

const MAX_PERIOD_SECONDS = 1800
const MAX_STABILIZATION_SECONDS = 3600

export function validateScalingRules(rules: Behavior['scaleUp'], field: FieldPath): FieldError[] {
  if (!rules) return []
  const { stabilizationWindowSeconds: window, selectPolicy, policies = [] } = rules
  const errors: FieldError[] = []
  const at = field.child('stabilizationWindowSeconds')
  if (window !== undefined && window < 0) errors.push(invalid(at, window, 'must be greater than or equal to zero'))
  if (window !== undefined && window > MAX_STABILIZATION_SECONDS) {
    errors.push(invalid(at, window, `must be less than or equal to ${MAX_STABILIZATION_SECONDS}`))
  }
  if (selectPolicy) errors.push(...validateChoice(selectPolicy, ['Disabled', 'Max', 'Min'], field.child('selectPolicy')))
  if (policies.length === 0) errors.push(required(field.child('policies'), 'must specify at least one Policy'))
  return [...errors, ...policies.flatMap((policy, index) => validatePolicy(policy, field.child('policies').index(index)))]
}

function validatePolicy(
  { type, value, periodSeconds }: { type: string; value: number; periodSeconds: number },
  field: FieldPath,
): FieldError[] {
  const errors = [
    ...(type === 'Pods' || type === 'Percent' ? [] : validateChoice(type, ['Percent', 'Pods'], field.child('type'))),
    ...validatePositive(value, field.child('value'), 'must be greater than zero'),
    ...validatePositive(periodSeconds, field.child('periodSeconds'), 'must be greater than zero'),
  ]
  if (periodSeconds > MAX_PERIOD_SECONDS) {
    errors.push(invalid(field.child('periodSeconds'), periodSeconds, `must be less than or equal to ${MAX_PERIOD_SECONDS}`))
  }
  return errors
}

import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  type HorizontalPodAutoscaler,
  invalid,
  quantityToNumber,
  required,
  tryParseQuantity,
} from '@skiff/api'

type Metric = NonNullable<HorizontalPodAutoscaler['spec']['metrics']>[number]
type Target = NonNullable<Metric['resource']>['target']

const TYPES = ['Utilization', 'Value', 'AverageValue']

export function validateMetricTarget(target: Target | undefined, field: FieldPath): FieldError[] {
  const { type, averageUtilization } = target ?? {}
  const errors: FieldError[] = []
  if (!type) errors.push(required(field.child('type'), 'must specify a metric target type'))
  else if (!TYPES.includes(type)) {
    errors.push(invalid(field.child('type'), type, 'must be either Utilization, Value, or AverageValue'))
  }
  for (const name of ['value', 'averageValue'] as const) {
    const amount = tryParseQuantity(target?.[name])
    if (amount && quantityToNumber(amount) <= 0)
      errors.push(invalid(field.child(name), String(target?.[name]), 'must be positive'))
  }
  if (averageUtilization !== undefined && averageUtilization < 1) {
    errors.push(invalid(field.child('averageUtilization'), averageUtilization, 'must be greater than 0'))
  }
  return errors
}

/** One of an average value and its alternative, not both. */
export function validateTargetChoice(
  target: Target | undefined,
  alternative: 'averageUtilization' | 'value',
  field: FieldPath,
): FieldError[] {
  const [average, other] = [target?.averageValue !== undefined, target?.[alternative] !== undefined]
  if (average && other) return [forbiddenField(field.child('averageValue'), TOO_MUCH[alternative])]
  return average || other ? [] : [required(field.child(alternative), TOO_LITTLE[alternative])]
}

const TOO_MUCH = {
  averageUtilization: 'may not set both a target raw value and a target utilization',
  value: 'may not set both a target value for metric and a per-pod target',
} as const

const TOO_LITTLE = {
  averageUtilization: 'must set either a target raw value or a target utilization',
  value: 'must set either a target value or averageValue',
} as const

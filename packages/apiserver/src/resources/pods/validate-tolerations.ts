import {
  type FieldError,
  type FieldPath,
  invalid,
  invalidEach,
  labelValueProblems,
  notSupported,
  qualifiedNameProblems,
  type Toleration,
} from '@skiff/api'

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']

export function validateTolerations(tolerations: readonly Toleration[], field: FieldPath): FieldError[] {
  return tolerations.flatMap((toleration, index) => validateToleration(toleration, field.index(index)))
}

function validateToleration(toleration: Toleration, at: FieldPath): FieldError[] {
  const { key, value = '', tolerationSeconds } = toleration
  const operator: string = toleration.operator ?? ''
  const effect: string = toleration.effect ?? ''
  const errors: FieldError[] = []
  if (key) errors.push(...invalidEach(at.child('key'), key, qualifiedNameProblems(key)))
  else if (operator !== 'Exists') {
    const detail = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
    errors.push(invalid(at.child('operator'), operator, detail))
  }
  if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
    errors.push(invalid(at.child('effect'), effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"))
  }
  errors.push(...validateOperator(operator, value, at.child('operator')))
  if (effect !== '' && !EFFECTS.includes(effect)) errors.push(notSupported(at.child('effect'), effect, EFFECTS))
  return errors
}

function validateOperator(operator: string, value: string, field: FieldPath): FieldError[] {
  switch (operator) {
    case '':
    case 'Equal': {
      const problems = labelValueProblems(value)
      return problems.length === 0 ? [] : [invalid(field, value, problems.join(';'))]
    }
    case 'Exists':
      return value === '' ? [] : [invalid(field, value, "value must be empty when `operator` is 'Exists'")]
    default:
      return [notSupported(field, operator, ['Equal', 'Exists'])]
  }
}

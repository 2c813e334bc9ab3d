import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  invalidEach,
  type LabelSelector,
  labelValueProblems,
  qualifiedNameProblems,
  required,
} from '@skiff/api'

type Expression = NonNullable<LabelSelector['matchExpressions']>[number]

/** What is wrong with a LabelSelector, whatever it belongs to. */
export function validateLabelSelector(selector: LabelSelector, field: FieldPath): FieldError[] {
  const labels = validateLabels(selector.matchLabels, field.child('matchLabels'))
  const expressions = (selector.matchExpressions ?? []).flatMap((expression, index) =>
    validateExpression(expression, field.child('matchExpressions').index(index)),
  )
  return [...labels, ...expressions]
}

/** A map of labels, as in `metadata.labels` and in a Service's selector: both key and value are reported on the map. */
export function validateLabels(labels: Readonly<Record<string, string>> | undefined, field: FieldPath): FieldError[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...invalidEach(field, key, qualifiedNameProblems(key)),
    ...invalidEach(field, value, labelValueProblems(value)),
  ])
}

function validateExpression({ key, operator, values = [] }: Expression, field: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0)
        errors.push(required(field.child('values'), "must be specified when `operator` is 'In' or 'NotIn'"))
      break
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0) {
        errors.push(forbiddenField(field.child('values'), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"))
      }
      break
    default:
      errors.push(invalid(field.child('operator'), operator, 'not a valid selector operator'))
  }
  errors.push(...invalidEach(field.child('key'), key, qualifiedNameProblems(key)))
  errors.push(
    ...values.flatMap((value, index) => invalidEach(field.child('values').index(index), value, labelValueProblems(value))),
  )
  return errors
}

import { duplicate, type FieldError, type FieldPath, invalidEach, qualifiedNameProblems, required, tooMany } from '@skiff/api'

interface MatchCondition {
  readonly name?: string
  readonly expression?: string
}

const MOST_CONDITIONS = 64

/** @param check the expression's own problems */
export function validateMatchConditions(
  conditions: readonly MatchCondition[],
  field: FieldPath,
  check: (expression: string, field: FieldPath) => FieldError[],
): FieldError[] {
  if (conditions.length > MOST_CONDITIONS) return [tooMany(field, conditions.length, MOST_CONDITIONS)]
  const names = new Set<string>()
  return conditions.flatMap(({ name = '', expression = '' }, index) => {
    const at = field.index(index)
    const errors = expression.trim() === '' ? [required(at.child('expression'))] : check(expression, at.child('expression'))
    if (name === '') errors.push(required(at.child('name')))
    else errors.push(...invalidEach(at.child('name'), name, qualifiedNameProblems(name)))
    if (names.has(name)) errors.push(duplicate(at.child('name'), name))
    names.add(name)
    return errors
  })
}

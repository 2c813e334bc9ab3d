import { type FieldError, type FieldPath, invalid, type Job, required, tooMany } from '@skiff/api'
import { validateChoice } from '../validate-choice.ts'

type JobSpec = Job['spec']
type Rule = NonNullable<JobSpec['podFailurePolicy']>['rules'][number]

const MAX_RULES = 20
const MAX_EXIT_CODES = 255
const ACTIONS = ['Count', 'FailIndex', 'FailJob', 'Ignore']

/** What a job does when its pods fail in certain ways (KEP-3329). */
export function validateFailurePolicy({ podFailurePolicy }: JobSpec, field: FieldPath): FieldError[] {
  const rules = podFailurePolicy?.rules ?? []
  const at = field.child('rules')
  if (rules.length > MAX_RULES) return [tooMany(at, rules.length, MAX_RULES)]
  return rules.flatMap((rule, index) => validateRule(rule, at.index(index)))
}

function validateRule(rule: Rule, field: FieldPath): FieldError[] {
  const errors = validateChoice(rule.action, ACTIONS, field.child('action'))
  const conditions = rule.onPodConditions ?? []
  if (rule.onExitCodes) errors.push(...validateExitCodes(rule.onExitCodes, field.child('onExitCodes')))
  for (const [index, { type }] of conditions.entries()) {
    if (!type) errors.push(required(field.child('onPodConditions').index(index).child('type')))
  }
  if (rule.onExitCodes && conditions.length > 0) {
    errors.push(invalid(field, rule, 'specifying both OnExitCodes and OnPodConditions is not supported'))
  }
  if (!rule.onExitCodes && conditions.length === 0) {
    errors.push(invalid(field, rule, 'specifying one of OnExitCodes and OnPodConditions is required'))
  }
  return errors
}

function validateExitCodes({ operator, values = [] }: NonNullable<Rule['onExitCodes']>, field: FieldPath): FieldError[] {
  const errors = validateChoice(operator, ['In', 'NotIn'], field.child('operator'))
  const at = field.child('values')
  if (values.length === 0) errors.push(invalid(at, values, 'at least one value is required'))
  else if (values.length > MAX_EXIT_CODES) errors.push(tooMany(at, values.length, MAX_EXIT_CODES))
  if (operator === 'In') {
    for (const [index, value] of values.entries())
      if (value === 0) errors.push(invalid(at.index(index), value, 'must not be 0 for the In operator'))
  }
  return errors
}

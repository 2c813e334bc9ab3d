import { type Container, type FieldError, type FieldPath, notSupported, required, tooMany } from '@skiff/api'

type RestartRule = NonNullable<Container['restartPolicyRules']>[number]

const POLICIES = ['Always', 'Never', 'OnFailure']
const ACTIONS = ['Restart', 'RestartAllContainers']
const MOST_RULES = 20
const MOST_EXIT_CODES = 255

/** A container's own restart policy, and the exit codes that go before it (KEP-5307, KEP-5532). */
export function validateContainerRestart({ restartPolicy, restartPolicyRules = [] }: Container, at: FieldPath): FieldError[] {
  const field = at.child('restartPolicy')
  const rules = at.child('restartPolicyRules')
  const errors: FieldError[] = []
  if (restartPolicy !== undefined && !POLICIES.includes(restartPolicy)) errors.push(notSupported(field, restartPolicy, POLICIES))
  if (restartPolicy === undefined && restartPolicyRules.length > 0) {
    errors.push(required(field, 'must specify restartPolicy when restart rules are used'))
  }
  if (restartPolicyRules.length > MOST_RULES) errors.push(tooMany(rules, restartPolicyRules.length, MOST_RULES))
  return [...errors, ...restartPolicyRules.flatMap((rule, index) => validateRule(rule, rules.index(index)))]
}

function validateRule({ action, exitCodes }: RestartRule, at: FieldPath): FieldError[] {
  const errors = ACTIONS.includes(action) ? [] : [notSupported(at.child('action'), action, ACTIONS)]
  const field = at.child('exitCodes')
  if (exitCodes === undefined) return [...errors, required(field, 'must be specified')]
  const { operator, values = [] } = exitCodes
  if (operator !== 'In' && operator !== 'NotIn') errors.push(notSupported(field.child('operator'), operator, ['In', 'NotIn']))
  if (values.length > MOST_EXIT_CODES) errors.push(tooMany(field.child('values'), values.length, MOST_EXIT_CODES))
  return errors
}

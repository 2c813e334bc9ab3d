import { type FieldError, type FieldPath, invalid, required } from '@skiff/api'
import { validateChoice } from '../validate-choice.ts'

/** Which requests a webhook or a policy is asked about. */
export interface Rule {
  readonly operations?: readonly string[]
  readonly apiGroups?: readonly string[]
  readonly apiVersions?: readonly string[]
  readonly resources?: readonly string[]
  readonly scope?: string
}

const OPERATIONS = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE']
const SCOPES = ['*', 'Cluster', 'Namespaced']

export function validateRule(
  { operations = [], apiGroups = [], apiVersions = [], resources = [], scope }: Rule,
  field: FieldPath,
) {
  const errors: FieldError[] = []
  if (operations.length === 0) errors.push(required(field.child('operations')))
  errors.push(...validateStar(operations, field.child('operations')))
  for (const [index, operation] of operations.entries()) {
    errors.push(...validateChoice(operation, OPERATIONS, field.child('operations').index(index)))
  }
  if (apiGroups.length === 0) errors.push(required(field.child('apiGroups')))
  errors.push(...validateStar(apiGroups, field.child('apiGroups')))
  if (apiVersions.length === 0) errors.push(required(field.child('apiVersions')))
  errors.push(...validateStar(apiVersions, field.child('apiVersions')))
  for (const [index, version] of apiVersions.entries())
    if (version === '') errors.push(required(field.child('apiVersions').index(index)))
  if (resources.length === 0) errors.push(required(field.child('resources')))
  if (scope !== undefined) errors.push(...validateChoice(scope, SCOPES, field.child('scope')))
  return errors
}

function validateStar(values: readonly string[], field: FieldPath): FieldError[] {
  return values.length > 1 && values.includes('*')
    ? [invalid(field, values, "if '*' is present, must not specify other values")]
    : []
}

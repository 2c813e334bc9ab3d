import {
  type Container,
  compareQuantities,
  duplicate,
  type FieldError,
  type FieldPath,
  invalid,
  invalidEach,
  isHugePages,
  notSupported,
  qualifiedNameProblems,
  required,
  tryParseQuantity,
} from '@skiff/api'
import { validateChoice } from '../validate-choice.ts'

type Resources = NonNullable<Container['resources']>
type Amounts = Record<string, string | number>
type ResizePolicy = NonNullable<Container['resizePolicy']>[number]

const NANOS = 1_000_000_000n
const CONTAINER_RESOURCES = ['cpu', 'memory', 'ephemeral-storage']
const STANDARD_RESOURCES = [...CONTAINER_RESOURCES, 'storage', 'pods', 'services', 'secrets', 'configmaps']

export function validateContainerResources(resources: Resources | undefined, field: FieldPath): FieldError[] {
  if (!resources) return []
  const { limits = {}, requests = {} } = resources
  return [
    ...validateAmounts(limits, field.child('limits')),
    ...Object.entries(requests).flatMap(([name, amount]) => [
      ...validateAmount(name, amount, field.child('requests')),
      ...validateAgainstLimit(name, amount, limits, field),
    ]),
  ]
}

/** Names and amounts of one list: `limits`, `requests`, a pod's overhead. */
export function validateAmounts(amounts: Amounts | undefined, field: FieldPath): FieldError[] {
  return Object.entries(amounts ?? {}).flatMap(([name, amount]) => validateAmount(name, amount, field))
}

function validateAmount(name: string, amount: string | number, field: FieldPath): FieldError[] {
  const at = field.key(name)
  return [...validateResourceName(name, at), ...validateQuantity(name, amount, at)]
}

function validateResourceName(name: string, field: FieldPath): FieldError[] {
  const problems = qualifiedNameProblems(name)
  if (problems.length > 0) return invalidEach(field, name, problems)
  if (name.includes('/') || isHugePages(name)) return []
  const errors: FieldError[] = []
  if (!STANDARD_RESOURCES.includes(name)) errors.push(notStandard(name, field))
  if (!CONTAINER_RESOURCES.includes(name)) errors.push(invalid(field, name, 'must be a standard resource for containers'))
  return errors
}

function notStandard(name: string, field: FieldPath): FieldError {
  return invalid(field, name, 'must be a standard resource type or fully qualified')
}

/** A name that a pod itself can have none of; `supported` are those that it can. */
export function unsupportedResource(name: string, supported: readonly string[], field: FieldPath): FieldError {
  const isKnown = name.includes('/') || STANDARD_RESOURCES.includes(name)
  return isKnown ? notSupported(field, name, supported) : notStandard(name, field)
}

function validateQuantity(name: string, amount: string | number, field: FieldPath): FieldError[] {
  const quantity = tryParseQuantity(amount)
  if (!quantity) return [invalid(field, amount, 'must be a quantity')]
  if (quantity.nanos < 0n) return [invalid(field, String(amount), 'must be greater than or equal to 0')]
  const whole = name.includes('/') || name === 'pods'
  return whole && quantity.nanos % NANOS !== 0n ? [invalid(field, String(amount), 'must be an integer')] : []
}

/** Extended resources and huge pages can't be overcommitted: a request is the limit. */
function validateAgainstLimit(name: string, amount: string | number, limits: Amounts, field: FieldPath): FieldError[] {
  const limit = limits[name]
  if (limit === undefined) {
    const detail = 'Limit must be set for non overcommitable resources'
    return isOvercommittable(name) ? [] : [required(field.child('limits'), detail)]
  }
  const requested = tryParseQuantity(amount)
  const allowed = tryParseQuantity(limit)
  if (!requested || !allowed) return []
  const order = compareQuantities(requested, allowed)
  const requests = field.child('requests')
  if (order !== 0 && !isOvercommittable(name))
    return [invalid(requests, String(amount), `must be equal to ${name} limit of ${limit}`)]
  return order > 0 ? [invalid(requests, String(amount), `must be less than or equal to ${name} limit of ${limit}`)] : []
}

function isOvercommittable(name: string): boolean {
  return !name.includes('/') && !isHugePages(name)
}

export function validateResizePolicy(
  policies: readonly ResizePolicy[],
  podRestartPolicy: string | undefined,
  field: FieldPath,
): FieldError[] {
  const names = new Set<string>()
  return policies.flatMap(({ resourceName, restartPolicy }, index) => {
    const errors = names.has(resourceName) ? [duplicate(field.index(index), resourceName)] : []
    names.add(resourceName)
    errors.push(...validateChoice(resourceName, ['cpu', 'memory'], field))
    errors.push(...validateChoice(restartPolicy, ['NotRequired', 'RestartContainer'], field))
    if (podRestartPolicy === 'Never' && restartPolicy !== 'NotRequired') {
      errors.push(invalid(field, restartPolicy, "must be 'NotRequired' when `restartPolicy` is 'Never'"))
    }
    return errors
  })
}

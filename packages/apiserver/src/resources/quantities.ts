import {
  canonicalQuantity,
  compareQuantities,
  type FieldError,
  type FieldPath,
  invalid,
  invalidEach,
  qualifiedNameProblems,
  tryParseQuantity,
} from '@skiff/api'

export type Amount = string | number
export type Amounts = Record<string, Amount>

/** Every quantity of a list in Kubernetes' canonical form; what is no quantity is left for validation to name. */
export function canonicalResourceList(list: Amounts | undefined): void {
  for (const name of Object.keys(list ?? {})) {
    const amount = tryParseQuantity(list?.[name])
    if (list && amount) list[name] = canonicalQuantity(amount)
  }
}

export function validateNonNegativeAmount(amount: Amount | undefined, field: FieldPath): FieldError[] {
  return signOf(amount) < 0 ? [invalid(field, String(amount), 'must be greater than or equal to 0')] : []
}

export function validatePositiveAmount(amount: Amount | undefined, field: FieldPath): FieldError[] {
  return signOf(amount) <= 0 ? [invalid(field, String(amount ?? '0'), 'must be greater than zero')] : []
}

function signOf(amount: Amount | undefined): number {
  const quantity = tryParseQuantity(amount)
  return quantity === undefined ? 0 : compareQuantities(quantity, 0)
}

/** Resources of which there are so many. */
export const COUNTED_RESOURCES: readonly string[] = [
  'pods',
  'services',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
]

/** Resources of which there is so much. */
export const COMPUTE_RESOURCES: readonly string[] = [
  'cpu',
  'memory',
  'ephemeral-storage',
  'requests.cpu',
  'requests.memory',
  'requests.ephemeral-storage',
  'requests.storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
]

/** Resources by their short names, as upstream's pkg/apis/core/helper lists them. */
const STANDARD_RESOURCES: ReadonlySet<string> = new Set([...COUNTED_RESOURCES, ...COMPUTE_RESOURCES, 'storage'])

/** A name of a resource anywhere: a standard one, or one with a domain. */
export function validateResourceName(name: string, field: FieldPath): FieldError[] {
  const problems = qualifiedNameProblems(name)
  if (problems.length > 0) return invalidEach(field, name, problems)
  const known = name.includes('/') || name.includes('hugepages-') || STANDARD_RESOURCES.has(name)
  return known ? [] : [invalid(field, name, 'must be a standard resource type or fully qualified')]
}

import { type FieldError, type FieldPath, invalid, path, type ResourceQuota, required, tryParseQuantity } from '@skiff/api'
import { jsonEquals } from '../../patch/json-value.ts'
import {
  type Amount,
  COMPUTE_RESOURCES,
  COUNTED_RESOURCES,
  validateNonNegativeAmount,
  validateResourceName,
} from '../quantities.ts'

type Spec = ResourceQuota['spec']
type Requirement = NonNullable<NonNullable<Spec['scopeSelector']>['matchExpressions']>[number]

const NANOS = 1_000_000_000n

const SCOPES = [
  'Terminating',
  'NotTerminating',
  'BestEffort',
  'NotBestEffort',
  'PriorityClass',
  'CrossNamespacePodAffinity',
  'VolumeAttributesClass',
]

/** Of these only existence can be asked for. */
const SCOPES_WITHOUT_VALUES = ['Terminating', 'NotTerminating', 'BestEffort', 'NotBestEffort', 'CrossNamespacePodAffinity']

const OPPOSITES = [
  ['Terminating', 'NotTerminating'],
  ['BestEffort', 'NotBestEffort'],
] as const

export function validateQuota({ spec }: ResourceQuota): FieldError[] {
  const field = path('spec')
  const hard = Object.entries(spec.hard ?? {}).flatMap(([name, amount]) =>
    validateHard(name, amount, field.child('hard').key(name)),
  )
  return [
    ...hard,
    ...validateScopes(spec, field.child('scopes')),
    ...(spec.scopeSelector?.matchExpressions ?? []).flatMap((each) =>
      validateRequirement(each, field.child('scopeSelector', 'matchExpressions')),
    ),
  ]
}

function validateHard(name: string, amount: Amount, field: FieldPath): FieldError[] {
  const errors = validateResourceName(name, field)
  const known =
    name.includes('/') || name.includes('hugepages-') || COUNTED_RESOURCES.includes(name) || COMPUTE_RESOURCES.includes(name)
  if (!known) errors.push(invalid(field, name, 'must be a standard resource for quota'))
  errors.push(...validateNonNegativeAmount(amount, field))
  const whole = COUNTED_RESOURCES.includes(name) || name.startsWith('count/')
  if (whole && (tryParseQuantity(amount)?.nanos ?? 0n) % NANOS !== 0n)
    errors.push(invalid(field, String(amount), 'must be an integer'))
  return errors
}

function validateScopes({ scopes = [], hard = {} }: Spec, field: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  for (const scope of scopes) {
    if (!SCOPES.includes(scope)) errors.push(invalid(field, scopes, 'unsupported scope'))
    else if (Object.keys(hard).some((name) => !fitsScope(scope, name))) {
      errors.push(invalid(field, scopes, 'unsupported scope applied to resource'))
    }
  }
  const conflict = OPPOSITES.some((pair) => pair.every((scope) => scopes.includes(scope)))
  return conflict ? [...errors, invalid(field, scopes, 'conflicting scopes')] : errors
}

function fitsScope(scope: string, name: string): boolean {
  if (scope === 'BestEffort') return name === 'pods' || name === 'count/pods'
  if (scope === 'VolumeAttributesClass') return true
  if (!COUNTED_RESOURCES.includes(name) && !COMPUTE_RESOURCES.includes(name)) return true
  return name === 'pods' || (COMPUTE_RESOURCES.includes(name) && name !== 'requests.storage')
}

function validateRequirement({ scopeName, operator, values = [] }: Requirement, field: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  if (!SCOPES.includes(scopeName)) errors.push(invalid(field.child('scopeName'), scopeName, 'unsupported scope'))
  if (SCOPES_WITHOUT_VALUES.includes(scopeName) && operator !== 'Exists') {
    const detail =
      "must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"
    errors.push(invalid(field.child('operator'), operator, detail))
  }
  return [...errors, ...validateValues(operator, values, field)]
}

function validateValues(operator: string, values: readonly string[], field: FieldPath): FieldError[] {
  switch (operator) {
    case 'In':
    case 'NotIn':
      return values.length > 0
        ? []
        : [required(field.child('values'), "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector")]
    case 'Exists':
    case 'DoesNotExist':
      return values.length === 0
        ? []
        : [
            invalid(
              field.child('values'),
              values,
              "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
            ),
          ]
    default:
      return [invalid(field.child('operator'), operator, 'not a valid selector operator')]
  }
}

export function validateQuotaUpdate({ spec }: ResourceQuota, old: ResourceQuota): FieldError[] {
  const [now, before] = [spec.scopes ?? [], old.spec.scopes ?? []].map((scopes) => [...scopes].sort())
  return jsonEquals(now, before) ? [] : [invalid('spec.scopes', spec.scopes, 'field is immutable')]
}

import {
  compareQuantities,
  duplicate,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  invalidEach,
  type LimitRange,
  path,
  qualifiedNameProblems,
  quantityToNumber,
  required,
} from '@skiff/api'
import { type Amount, type Amounts, validateResourceName } from '../quantities.ts'

type Item = LimitRange['spec']['limits'][number]

const STANDARD_TYPES = ['Pod', 'Container', 'PersistentVolumeClaim']

export function validateLimitRange({ spec }: LimitRange): FieldError[] {
  const types = new Set<string>()
  return (spec.limits ?? []).flatMap((item, index) => {
    const at = path('spec', 'limits').index(index)
    const errors = validateType(item.type, at.child('type'))
    if (types.has(item.type)) errors.push(duplicate(at.child('type'), item.type))
    types.add(item.type)
    return [...errors, ...validateItem(item, at)]
  })
}

function validateType(type: string, field: FieldPath): FieldError[] {
  const problems = qualifiedNameProblems(type)
  if (problems.length > 0) return invalidEach(field, type, problems)
  const known = type.includes('/') || STANDARD_TYPES.includes(type)
  return known ? [] : [invalid(field, type, 'must be a standard limit type or fully qualified')]
}

function validateItem(item: Item, field: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  for (const list of LISTS) {
    for (const name of Object.keys(item[list] ?? {})) errors.push(...validateResourceName(name, field.child(list).key(name)))
  }
  for (const list of ['default', 'defaultRequest'] as const) {
    if (item.type === 'Pod' && Object.keys(item[list] ?? {}).length > 0)
      errors.push(forbiddenField(field.child(list), "may not be specified when `type` is 'Pod'"))
  }
  if (item.type === 'PersistentVolumeClaim' && item.min?.storage === undefined && item.max?.storage === undefined) {
    errors.push(required(field, 'either minimum or maximum storage value is required, but neither was provided'))
  }
  const names = new Set(LISTS.flatMap((list) => Object.keys(item[list] ?? {})))
  for (const name of [...names].sort()) errors.push(...validateBounds(boundsOf(item, name), field, name))
  return errors
}

const LISTS = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const

type Bounds = Readonly<Record<(typeof LISTS)[number], Amount | undefined>>

function boundsOf(item: Item, name: string): Bounds {
  const amount = (list: Amounts | undefined) => list?.[name]
  return {
    max: amount(item.max),
    min: amount(item.min),
    default: amount(item.default),
    defaultRequest: amount(item.defaultRequest),
    maxLimitRequestRatio: amount(item.maxLimitRequestRatio),
  }
}

function validateBounds(bounds: Bounds, field: FieldPath, name: string): FieldError[] {
  const { min, max, default: limit, defaultRequest: request, maxLimitRequestRatio: ratio } = bounds
  const errors: FieldError[] = []
  const check = (list: keyof Bounds, low: Amount | undefined, high: Amount | undefined, words: string) => {
    if (low === undefined || high === undefined || compareQuantities(low, high) <= 0) return
    // Upstream shows the bound where it is the limit that breaks it.
    const shown = list !== 'default' ? bounds[list] : low === limit ? high : low
    errors.push(invalid(field.child(list).key(name), String(shown), words))
  }
  check('min', min, max, `min value ${min} is greater than max value ${max}`)
  check('defaultRequest', min, request, `min value ${min} is greater than default request value ${request}`)
  check('defaultRequest', request, max, `default request value ${request} is greater than max value ${max}`)
  check('defaultRequest', request, limit, `default request value ${request} is greater than default limit value ${limit}`)
  check('default', min, limit, `min value ${min} is greater than default value ${limit}`)
  check('default', limit, max, `default value ${limit} is greater than max value ${max}`)
  if (ratio !== undefined) errors.push(...validateRatio(ratio, bounds, field.child('maxLimitRequestRatio').key(name)))
  return errors
}

function validateRatio(ratio: Amount, { min, max }: Bounds, field: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  if (compareQuantities(ratio, 1) < 0) errors.push(invalid(field, String(ratio), `ratio ${ratio} is less than 1`))
  if (min === undefined || max === undefined || quantityToNumber(min) === 0) return errors
  const possible = quantityToNumber(max) / quantityToNumber(min)
  if (quantityToNumber(ratio) > possible) {
    errors.push(invalid(field, String(ratio), `ratio ${ratio} is greater than max/min = ${possible.toFixed(6)}`))
  }
  return errors
}

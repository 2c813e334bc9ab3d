import { type FieldError, type FieldPath, invalid, percentProblems } from '@skiff/api'

export function validateNonNegative(value: number | undefined, field: FieldPath): FieldError[] {
  return value !== undefined && value < 0 ? [invalid(field, value, 'must be greater than or equal to 0')] : []
}

export function validatePositive(value: number | undefined, field: FieldPath, detail = 'must be greater than 0'): FieldError[] {
  return value !== undefined && value <= 0 ? [invalid(field, value, detail)] : []
}

export type IntOrPercent = number | string

export function validateIntOrPercent(value: IntOrPercent | undefined, field: FieldPath): FieldError[] {
  if (value === undefined) return []
  if (typeof value === 'number') return validateNonNegative(value, field)
  return percentProblems(value).map((problem) => invalid(field, value, problem))
}

/** A percentage must not be more than everything. */
export function validateAtMostAll(value: IntOrPercent | undefined, field: FieldPath): FieldError[] {
  const percent = percentOf(value)
  return percent !== undefined && percent > 100 ? [invalid(field, value, 'must not be greater than 100%')] : []
}

export function isZero(value: IntOrPercent | undefined): boolean {
  return value === undefined || value === 0 || percentOf(value) === 0
}

function percentOf(value: IntOrPercent | undefined): number | undefined {
  return typeof value === 'string' && /^\d+%$/.test(value) ? Number(value.slice(0, -1)) : undefined
}

import { type FieldError, type FieldPathLike, invalid } from '@skiff/api'
import { jsonEquals } from '../patch/json-value.ts'

export function validateImmutable(value: unknown, old: unknown, field: FieldPathLike): FieldError[] {
  return jsonEquals(value, old) ? [] : [invalid(field, value, 'field is immutable')]
}

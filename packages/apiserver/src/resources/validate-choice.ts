import { type FieldError, type FieldPath, notSupported, required } from '@skiff/api'

/** A field that must be one of a few words. Upstream lists some sets sorted, others by meaning: `supported` keeps its order. */
export function validateChoice(value: string | undefined, supported: readonly string[], field: FieldPath): FieldError[] {
  if (!value) return [required(field)]
  return supported.includes(value) ? [] : [notSupported(field, value, supported)]
}

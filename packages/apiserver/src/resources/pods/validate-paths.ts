import { type FieldError, type FieldPath, invalid } from '@skiff/api'

/** Relative, and never upwards. */
export function validateLocalPath(path: string, field: FieldPath): FieldError[] {
  const errors = path.startsWith('/') ? [invalid(field, path, 'must be a relative path')] : []
  return [...errors, ...validateNoBacksteps(path, field)]
}

export function validateNoBacksteps(path: string, field: FieldPath): FieldError[] {
  return path.split('/').includes('..') ? [invalid(field, path, "must not contain '..'")] : []
}

/** The name of a file inside a volume: local, and not one that the volume keeps for itself. */
export function validateVolumeFilePath(path: string, field: FieldPath): FieldError[] {
  const errors = validateLocalPath(path, field)
  if (path.startsWith('..') && !path.startsWith('../')) errors.push(invalid(field, path, "must not start with '..'"))
  return errors
}

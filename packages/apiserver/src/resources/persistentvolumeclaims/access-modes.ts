import { type FieldError, type FieldPath, forbiddenField, notSupported } from '@skiff/api'

const SHORT_NAMES: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
}

const MODES = Object.keys(SHORT_NAMES).sort()

/** Each mode must be known, and ReadWriteOncePod stand alone (KEP-2485). */
export function validateAccessModes(modes: readonly string[], field: FieldPath): FieldError[] {
  const errors = modes.filter((mode) => !MODES.includes(mode)).map((mode) => notSupported(field, mode, MODES))
  if (modes.includes('ReadWriteOncePod') && modes.some((mode) => mode !== 'ReadWriteOncePod')) {
    errors.push(forbiddenField(field, 'may not use ReadWriteOncePod with other access modes'))
  }
  return errors
}

/** `RWO,ROX`, in upstream's order. */
export function accessModesCell(modes: readonly string[] | undefined): string {
  const given = new Set(modes)
  return Object.entries(SHORT_NAMES)
    .filter(([mode]) => given.has(mode))
    .map(([, short]) => short)
    .join(',')
}

/** dryRun, fieldManager and fieldValidation of a write, checked as upstream checks them. */

import { ApiError, invalid, invalidObject, tooLong } from '@skiff/api'
import type { Call } from '../http/call.ts'
import type { WriteContext } from '../registry/write-context.ts'

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict'

type OptionsKind = 'CreateOptions' | 'UpdateOptions' | 'PatchOptions' | 'DeleteOptions'

const FIELD_MANAGER_LIMIT_BYTES = 128

export function writeContext(call: Call, kind: OptionsKind): WriteContext {
  const { query } = call.info
  const said = (name: string) => (query.get(name) ? { [name]: query.get(name) } : {})
  const dryRun = parseDryRun(query.getAll('dryRun'), kind)
  return {
    user: call.user,
    manager: fieldManager(call, kind),
    dryRun,
    admission: call.admission,
    warn: call.warn,
    options: {
      kind,
      apiVersion: 'meta.k8s.io/v1',
      ...(dryRun ? { dryRun: ['All'] } : {}),
      ...said('fieldManager'),
      ...said('fieldValidation'),
    },
  }
}

export function parseDryRun(values: readonly string[], kind: OptionsKind): boolean {
  const asked = values.filter((value) => value !== '')
  if (asked.some((value) => value !== 'All')) {
    const message = `Unsupported value: []string{${asked.map((value) => JSON.stringify(value)).join(', ')}}: supported values: "All"`
    throw new ApiError('Invalid', `${kind}.meta.k8s.io "" is invalid: dryRun: ${message}`, {
      details: { group: 'meta.k8s.io', kind, causes: [{ reason: 'FieldValueNotSupported', message, field: 'dryRun' }] },
    })
  }
  return asked.length > 0
}

/** Default: the User-Agent up to its first slash. */
function fieldManager(call: Call, kind: OptionsKind): string {
  const given = call.info.query.get('fieldManager') ?? ''
  if (given === '') return call.userAgent.split('/', 1)[0] || 'unknown'
  const problems = [
    ...(Buffer.byteLength(given) > FIELD_MANAGER_LIMIT_BYTES ? [tooLong('fieldManager', FIELD_MANAGER_LIMIT_BYTES)] : []),
    ...(/^[\p{L}\p{M}\p{N}\p{P}\p{S} ]*$/u.test(given)
      ? []
      : [invalid('fieldManager', given, 'should only contain printable characters')]),
  ]
  if (problems.length > 0) throw invalidObject({ group: 'meta.k8s.io', kind }, '', problems)
  return given
}

export function fieldValidation(call: Call, kind: OptionsKind): FieldValidation {
  const value = call.info.query.get('fieldValidation') ?? ''
  if (value === '' || value === 'Warn') return 'Warn'
  if (value === 'Ignore' || value === 'Strict') return value
  const message = `Unsupported value: ${JSON.stringify(value)}: supported values: "Ignore", "Strict", "Warn"`
  throw new ApiError('Invalid', `${kind}.meta.k8s.io "" is invalid: fieldValidation: ${message}`, {
    details: { group: 'meta.k8s.io', kind, causes: [{ reason: 'FieldValueNotSupported', message, field: 'fieldValidation' }] },
  })
}

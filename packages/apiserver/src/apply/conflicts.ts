import { ApiError } from '@skiff/api'
import { type FieldSet, pathsOf } from './field-set.ts'
import { compareText, type ManagedEntry } from './managed-fields.ts'
import { printPath } from './path-element.ts'

export interface Conflict {
  readonly entry: ManagedEntry
  /** What the entry owns and the configuration would change. */
  readonly fields: FieldSet
}

/** 409 with a cause for every field, in upstream's words. */
export function conflictError(conflicts: readonly Conflict[]): ApiError {
  const listed = conflicts
    .map(({ entry, fields }) => ({ manager: printManager(entry), paths: pathsOf(fields).map(printPath) }))
    .sort((left, right) => compareText(left.manager, right.manager))
  const causes = listed.flatMap(({ manager, paths }) =>
    paths.map((field) => ({ reason: 'FieldManagerConflict', message: `conflict with ${manager}`, field })),
  )
  return new ApiError('Conflict', conflictMessage(listed, causes.length), { details: { causes } })
}

function conflictMessage(listed: readonly { manager: string; paths: readonly string[] }[], count: number): string {
  const [only] = listed
  if (count === 1 && only) return `Apply failed with 1 conflict: conflict with ${only.manager}: ${only.paths.join('')}`
  const lines = listed.flatMap(({ manager, paths }) => [`conflicts with ${manager}:`, ...paths.map((path) => `- ${path}`)])
  return `Apply failed with ${count} conflicts: ${lines.join('\n')}`
}

function printManager({ manager, operation, apiVersion, subresource }: ManagedEntry): string {
  const name = subresource === '' ? `"${manager}"` : `"${manager}" with subresource "${subresource}"`
  return operation === 'Update' ? `${name} using ${apiVersion}` : name
}

import { CONTROLLER_REVISIONS, type ControllerRevision, controllerOf, type FieldError, path, required } from '@skiff/api'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import { objectAge } from '../cells.ts'
import { AGE_COLUMN, integerColumn, NAME_COLUMN, textColumn } from '../columns.ts'
import { validateImmutable } from '../validate-immutable.ts'
import { validateNonNegative } from '../validate-numbers.ts'

export const controllerRevisionResource: ResourceDefinition = {
  info: CONTROLLER_REVISIONS,
  strategy: {
    validate: (revision: ControllerRevision) => validateRevision(revision),
    validateUpdate: (revision: ControllerRevision, old: ControllerRevision) => validateImmutable(revision.data, old.data, 'data'),
  },
  columns: {
    columns: [
      NAME_COLUMN,
      textColumn('Controller', 'The controller that it belongs to.'),
      integerColumn('Revision', 'Its place among the revisions of its controller.'),
      AGE_COLUMN,
    ],
    cells: (revision: ControllerRevision, now) => [
      revision.metadata.name,
      controllerCell(revision),
      revision.revision ?? 0,
      objectAge(revision, now),
    ],
  },
}

function validateRevision({ data, revision }: ControllerRevision): FieldError[] {
  const missing = data === undefined || data === null
  return [...(missing ? [required('data', 'data is mandatory')] : []), ...validateNonNegative(revision, path('revision'))]
}

/** `statefulset.apps/web` */
function controllerCell(revision: ControllerRevision): string {
  const owner = controllerOf(revision)
  if (owner === undefined) return '<none>'
  const [group] = owner.apiVersion.includes('/') ? owner.apiVersion.split('/') : ['']
  return `${owner.kind.toLowerCase()}${group === '' ? '' : `.${group}`}/${owner.name}`
}

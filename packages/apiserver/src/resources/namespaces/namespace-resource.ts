import { dnsLabelProblems, type FieldError, invalid, NAMESPACES, type Namespace, path, qualifiedNameProblems } from '@skiff/api'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import { objectAge } from '../cells.ts'
import { AGE_COLUMN, NAME_COLUMN, textColumn } from '../columns.ts'
import { keepStatus } from '../status.ts'

const NAME_LABEL = 'kubernetes.io/metadata.name'

export const namespaceResource: ResourceDefinition = {
  info: NAMESPACES,
  subresources: ['status', 'finalize'],
  deleteReturnsObject: true,
  strategy: {
    default: (namespace: Namespace) => labelWithName(namespace),
    prepareForCreate(namespace: Namespace) {
      namespace.spec = { finalizers: ['kubernetes', ...finalizersOf(namespace).filter((name) => name !== 'kubernetes')] }
      namespace.status = { phase: 'Active' }
    },
    prepareForUpdate(namespace: Namespace, old: Namespace) {
      namespace.spec = old.spec
      keepStatus(namespace, old)
    },
    validate: (namespace: Namespace) => validateFinalizers(namespace),
    validateStatusUpdate: (namespace: Namespace) => validatePhase(namespace),
    canonicalize: (namespace: Namespace) => labelWithName(namespace),
    nameProblems: dnsLabelProblems,
    holdsDeletion: (namespace: Namespace) => finalizersOf(namespace).length > 0,
    markDeleted(namespace: Namespace) {
      namespace.status = { ...namespace.status, phase: 'Terminating' }
    },
  },
  selectableFields: { 'status.phase': (namespace) => (namespace as Namespace).status?.phase ?? '' },
  columns: {
    columns: [NAME_COLUMN, textColumn('Status', 'The status of the namespace.'), AGE_COLUMN],
    cells: (namespace: Namespace, now) => [namespace.metadata.name, namespace.status?.phase ?? '', objectAge(namespace, now)],
  },
}

/** A generated name is known only after the defaults: `canonicalize` labels it then. */
function labelWithName(namespace: Namespace): void {
  const { name } = namespace.metadata
  if (name) namespace.metadata.labels = { ...namespace.metadata.labels, [NAME_LABEL]: name }
}

function finalizersOf(namespace: Namespace): readonly string[] {
  return namespace.spec?.finalizers ?? []
}

function validateFinalizers(namespace: Namespace): FieldError[] {
  return finalizersOf(namespace).flatMap((finalizer, index) => {
    const field = path('spec', 'finalizers').index(index)
    const problems = qualifiedNameProblems(finalizer)
    if (problems.length > 0) return problems.map((problem) => invalid(field, finalizer, problem))
    const known = finalizer.includes('/') || finalizer === 'kubernetes'
    return known ? [] : [invalid(field, finalizer, 'name is neither a standard finalizer name nor is it fully qualified')]
  })
}

function validatePhase(namespace: Namespace): FieldError[] {
  const phase = namespace.status?.phase
  const deleting = namespace.metadata.deletionTimestamp !== undefined
  if (!deleting && phase === 'Active') return []
  if (deleting && phase === 'Terminating') return []
  const detail = deleting
    ? "may only be 'Terminating' if `deletionTimestamp` is not empty"
    : "may only be 'Active' if `deletionTimestamp` is empty"
  return [invalid('status.Phase', phase ?? '', detail)]
}

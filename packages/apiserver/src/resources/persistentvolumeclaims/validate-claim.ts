import {
  compareQuantities,
  dnsSubdomainProblems,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidEach,
  type PersistentVolumeClaim,
  path,
  required,
} from '@skiff/api'
import { jsonEquals } from '../../patch/json-value.ts'
import { validatePositiveAmount } from '../quantities.ts'
import { validateChoice } from '../validate-choice.ts'
import { validateImmutable } from '../validate-immutable.ts'
import { validateLabelSelector } from '../validate-selector.ts'
import { validateAccessModes } from './access-modes.ts'

type Spec = PersistentVolumeClaim['spec']

export function validateClaim({ spec }: PersistentVolumeClaim): FieldError[] {
  return validateClaimSpec(spec, path('spec'))
}

/** Of a claim, or of a template for one. */
export function validateClaimSpec(spec: Spec, field: FieldPath): FieldError[] {
  const modes = spec.accessModes ?? []
  return [
    ...(modes.length === 0 ? [required(field.child('accessModes'), 'at least 1 access mode is required')] : []),
    ...(spec.selector ? validateLabelSelector(spec.selector, field.child('selector')) : []),
    ...validateAccessModes(modes, field.child('accessModes')),
    ...validateSize(spec, field.child('resources').key('storage')),
    ...validateClassName(spec.storageClassName, field.child('storageClassName')),
    ...validateChoice(spec.volumeMode, ['Block', 'Filesystem'], field.child('volumeMode')),
    ...validateDataSource(spec.dataSource, field.child('dataSource')),
  ]
}

function validateSize({ resources }: Spec, field: FieldPath): FieldError[] {
  const size = resources?.requests?.storage
  return size === undefined ? [required(field)] : validatePositiveAmount(size, field)
}

function validateClassName(name: string | undefined, field: FieldPath): FieldError[] {
  return name ? invalidEach(field, name, dnsSubdomainProblems(name)) : []
}

function validateDataSource(source: Spec['dataSource'], field: FieldPath): FieldError[] {
  if (!source) return []
  return [...(source.name ? [] : [required(field.child('name'))]), ...(source.kind ? [] : [required(field.child('kind'))])]
}

const SPEC_IS_FIXED = 'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims'

export function validateClaimUpdate({ spec }: PersistentVolumeClaim, old: PersistentVolumeClaim): FieldError[] {
  const bound = old.status?.phase === 'Bound'
  const errors = jsonEquals(fixedPart(spec, old.spec, bound), fixedPart(old.spec, old.spec, bound))
    ? []
    : [forbiddenField('spec', SPEC_IS_FIXED)]
  return [
    ...errors,
    ...validateShrinking(spec, old),
    ...validateImmutable(spec.volumeMode, old.spec.volumeMode, 'spec.volumeMode'),
  ]
}

/** The binder may give a volume and a class once; a bound claim may ask for more. */
function fixedPart(spec: Spec, old: Spec, bound: boolean): Spec {
  const part = { ...spec }
  if (!old.volumeName) delete part.volumeName
  if (old.storageClassName === undefined) delete part.storageClassName
  if (!bound) return part
  delete part.volumeAttributesClassName
  const { requests: _, ...resources } = part.resources ?? {}
  return { ...part, resources }
}

function validateShrinking({ resources }: Spec, { spec, status }: PersistentVolumeClaim): FieldError[] {
  const wanted = resources?.requests?.storage
  const before = spec.resources?.requests?.storage
  const holds = status?.capacity?.storage
  if (status?.phase !== 'Bound' || wanted === undefined || before === undefined) return []
  if (compareQuantities(wanted, before) >= 0) return []
  if (holds !== undefined && compareQuantities(wanted, holds) > 0) return []
  return [forbiddenField('spec.resources.requests.storage', 'field can not be less than status.capacity')]
}

import {
  dnsSubdomainProblems,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidEach,
  path,
  qualifiedNameProblems,
  required,
  STORAGE_CLASSES,
  type StorageClass,
  tooLong,
} from '@skiff/api'
import { jsonEquals } from '../../patch/json-value.ts'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import { objectAge } from '../cells.ts'
import { AGE_COLUMN, NAME_COLUMN, textColumn } from '../columns.ts'
import { validateChoice } from '../validate-choice.ts'
import { validateImmutable } from '../validate-immutable.ts'

const IS_DEFAULT = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class']
const MAX_PARAMETERS_BYTES = 256 * 1024

export const storageClassResource: ResourceDefinition = {
  info: STORAGE_CLASSES,
  deleteReturnsObject: true,
  strategy: {
    default(storageClass: StorageClass) {
      storageClass.reclaimPolicy ||= 'Delete'
      storageClass.volumeBindingMode ||= 'Immediate'
    },
    validate: (storageClass: StorageClass) => validateStorageClass(storageClass),
    validateUpdate: (storageClass: StorageClass, old: StorageClass) => validateStorageClassUpdate(storageClass, old),
  },
  columns: {
    columns: [
      NAME_COLUMN,
      textColumn('Provisioner', 'Who makes its volumes.'),
      textColumn('ReclaimPolicy', 'What becomes of a volume when its claim is gone.'),
      textColumn('VolumeBindingMode', 'When a claim gets its volume.'),
      textColumn('AllowVolumeExpansion', 'Whether volumes can grow.'),
      AGE_COLUMN,
    ],
    cells: (storageClass: StorageClass, now) => [
      nameCell(storageClass),
      storageClass.provisioner,
      storageClass.reclaimPolicy ?? '',
      storageClass.volumeBindingMode ?? '',
      storageClass.allowVolumeExpansion ?? false,
      objectAge(storageClass, now),
    ],
  },
}

function nameCell({ metadata }: StorageClass): string {
  const isDefault = IS_DEFAULT.some((name) => metadata.annotations?.[name] === 'true')
  return isDefault ? `${metadata.name} (default)` : metadata.name
}

function validateStorageClass(storageClass: StorageClass): FieldError[] {
  const { provisioner, reclaimPolicy, volumeBindingMode, parameters } = storageClass
  return [
    ...validateProvisioner(provisioner, path('provisioner')),
    ...validateParameters(parameters, path('parameters')),
    ...validateChoice(reclaimPolicy, ['Delete', 'Retain'], path('reclaimPolicy')),
    ...validateChoice(volumeBindingMode, ['Immediate', 'WaitForFirstConsumer'], path('volumeBindingMode')),
  ]
}

function validateProvisioner(provisioner: string, field: FieldPath): FieldError[] {
  return provisioner ? invalidEach(field, provisioner, qualifiedNameProblems(provisioner.toLowerCase())) : [required(field)]
}

function validateParameters(parameters: StorageClass['parameters'], field: FieldPath): FieldError[] {
  const entries = Object.entries(parameters ?? {})
  const bytes = entries.reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value), 0)
  return [
    ...entries
      .filter(([name]) => name === '')
      .map(([name]) => ({ ...required(field), detail: `field can not be empty.${name}` })),
    ...(bytes > MAX_PARAMETERS_BYTES ? [tooLong(field, MAX_PARAMETERS_BYTES)] : []),
  ]
}

function validateStorageClassUpdate(storageClass: StorageClass, old: StorageClass): FieldError[] {
  const fixed = (['parameters', 'provisioner', 'reclaimPolicy'] as const).filter(
    (name) => !jsonEquals(storageClass[name] ?? {}, old[name] ?? {}),
  )
  return [
    ...fixed.map((name) => forbiddenField(name, `updates to ${name} are forbidden.`)),
    ...validateImmutable(storageClass.volumeBindingMode, old.volumeBindingMode, 'volumeBindingMode'),
  ]
}

/** Names of classes of storage, as others refer to them. */
export function validateStorageClassName(name: string, field: FieldPath): FieldError[] {
  return name === '' ? [required(field)] : invalidEach(field, name, dnsSubdomainProblems(name))
}

import {
  dnsSubdomainProblems,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  invalidEach,
  notSupported,
  type PersistentVolume,
  path,
  required,
  schemaOf,
} from '@skiff/api'
import { jsonEquals } from '../../patch/json-value.ts'
import { validateAccessModes } from '../persistentvolumeclaims/access-modes.ts'
import { validateNodeSelector } from '../pods/validate-affinity.ts'
import { validatePositiveAmount } from '../quantities.ts'
import { validateChoice } from '../validate-choice.ts'
import { validateImmutable } from '../validate-immutable.ts'

type Spec = PersistentVolume['spec']

export function validateVolume({ spec }: PersistentVolume): FieldError[] {
  const field = path('spec')
  const modes = spec.accessModes ?? []
  return [
    ...(modes.length === 0 ? [required(field.child('accessModes'))] : []),
    ...validateAccessModes(modes, field.child('accessModes')),
    ...validateCapacity(spec.capacity, field.child('capacity')),
    ...validateReclaimPolicy(spec, field.child('persistentVolumeReclaimPolicy')),
    ...validateNodeAffinity(spec, field.child('nodeAffinity')),
    ...validateSource(spec, field),
    ...(spec.storageClassName
      ? invalidEach(field.child('storageClassName'), spec.storageClassName, dnsSubdomainProblems(spec.storageClassName))
      : []),
    ...validateChoice(spec.volumeMode, ['Block', 'Filesystem'], field.child('volumeMode')),
  ]
}

function validateCapacity(capacity: Spec['capacity'], field: FieldPath): FieldError[] {
  const names = Object.keys(capacity ?? {})
  const errors: FieldError[] = names.length === 0 ? [required(field)] : []
  if (names.length !== 1 || names[0] !== 'storage') errors.push(notSupported(field, capacity, ['storage']))
  return [...errors, ...names.flatMap((name) => validatePositiveAmount(capacity?.[name], field.key(name)))]
}

function validateReclaimPolicy({ persistentVolumeReclaimPolicy, hostPath }: Spec, field: FieldPath): FieldError[] {
  const errors = validateChoice(persistentVolumeReclaimPolicy, ['Delete', 'Recycle', 'Retain'], field)
  if (hostPath?.path === '/' && persistentVolumeReclaimPolicy === 'Recycle') {
    errors.push(forbiddenField(field, "may not be 'recycle' for a hostPath mount of '/'"))
  }
  return errors
}

function validateNodeAffinity({ nodeAffinity, local }: Spec, field: FieldPath): FieldError[] {
  if (local && !nodeAffinity) return [required(field, 'Local volume requires node affinity')]
  if (!nodeAffinity) return []
  const at = field.child('required')
  return nodeAffinity.required
    ? validateNodeSelector(nodeAffinity.required, at)
    : [required(at, 'must specify required node constraints')]
}

/** Exactly one of the many kinds of volumes. */
function validateSource(spec: Spec, field: FieldPath): FieldError[] {
  const [first, ...others] = sourcesOf(spec)
  if (first === undefined) return [required(field, 'must specify a volume type')]
  return [
    ...others.map((name) => forbiddenField(field.child(name), 'may not specify more than 1 volume type')),
    ...validatePaths(spec, field),
  ]
}

function sourcesOf(spec: Spec): string[] {
  const known = schemaOf('', 'v1', 'PersistentVolumeSource')?.fields
  return Object.keys(spec).filter((name) => known?.has(name))
}

function validatePaths({ hostPath, nfs, local, csi }: Spec, field: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  if (hostPath) errors.push(...validatePath(hostPath.path, field.child('hostPath', 'path')))
  if (local) errors.push(...validatePath(local.path, field.child('local', 'path')))
  if (nfs && !nfs.server) errors.push(required(field.child('nfs', 'server')))
  if (nfs) errors.push(...validatePath(nfs.path, field.child('nfs', 'path')))
  if (nfs?.path && !nfs.path.startsWith('/'))
    errors.push(invalid(field.child('nfs', 'path'), nfs.path, 'must be an absolute path'))
  if (csi && !csi.driver) errors.push(required(field.child('csi', 'driver')))
  if (csi && !csi.volumeHandle) errors.push(required(field.child('csi', 'volumeHandle')))
  return errors
}

function validatePath(value: string | undefined, field: FieldPath): FieldError[] {
  if (!value) return [required(field)]
  return value.split('/').includes('..') ? [invalid(field, value, "must not contain '..'")] : []
}

export function validateVolumeUpdate({ spec }: PersistentVolume, old: PersistentVolume): FieldError[] {
  const [name] = sourcesOf(old.spec)
  const source = (of: Spec) => (of as Record<string, unknown>)[name ?? '']
  const same = sourcesOf(spec)[0] === name && jsonEquals(source(spec), source(old.spec))
  return [
    ...(same ? [] : [forbiddenField('spec.persistentvolumesource', 'spec.persistentvolumesource is immutable after creation')]),
    ...validateImmutable(spec.volumeMode, old.spec.volumeMode, 'spec.volumeMode'),
  ]
}

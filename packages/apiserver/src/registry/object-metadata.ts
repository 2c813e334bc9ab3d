/** The rules of metadata that hold for every kind (k8s.io/apimachinery/pkg/api/validation/objectmeta.go). */

import {
  dnsSubdomainProblems,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  invalidEach,
  type KubeObject,
  labelValueProblems,
  path,
  qualifiedNameProblems,
  required,
  tooLong,
} from '@skiff/api'
import type { ResourceDefinition } from './resource-definition.ts'

const ANNOTATIONS_LIMIT_BYTES = 256 * 1024
/** Looked at in every write: these paths are not made for each. */
const AT = {
  name: path('metadata', 'name'),
  labels: path('metadata', 'labels'),
  annotations: path('metadata', 'annotations'),
  ownerReferences: path('metadata', 'ownerReferences'),
  finalizers: path('metadata', 'finalizers'),
}
const IMMUTABLE = 'field is immutable'

/** Problems of an object's metadata by itself. */
export function validateMetadata(definition: ResourceDefinition, object: KubeObject): FieldError[] {
  const { metadata } = object
  const nameProblems = definition.strategy.nameProblems ?? dnsSubdomainProblems
  return [
    ...(metadata.name === undefined || metadata.name === ''
      ? [required(AT.name, 'name or generateName is required')]
      : invalidEach(AT.name, metadata.name, nameProblems(metadata.name))),
    ...validateLabels(metadata.labels, AT.labels),
    ...validateAnnotations(metadata.annotations, AT.annotations),
    ...validateOwners(object, AT.ownerReferences),
    ...validateFinalizers(definition, metadata.finalizers, AT.finalizers),
  ]
}

/** Problems of a change of metadata; what the server owns has been carried over already. */
export function validateMetadataUpdate(object: KubeObject, old: KubeObject): FieldError[] {
  return newFinalizersWhileDeleting(object, old, AT.finalizers)
}

export function validateLabels(labels: Readonly<Record<string, string>> | undefined, at: FieldPath): FieldError[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...invalidEach(at, key, qualifiedNameProblems(key)),
    ...invalidEach(at, value, labelValueProblems(value)),
  ])
}

export function validateAnnotations(annotations: Readonly<Record<string, string>> | undefined, at: FieldPath): FieldError[] {
  let bytes = 0
  const errors: FieldError[] = []
  for (const [key, value] of Object.entries(annotations ?? {})) {
    errors.push(...invalidEach(at, key, qualifiedNameProblems(key.toLowerCase())))
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value)
  }
  if (bytes > ANNOTATIONS_LIMIT_BYTES) errors.push(tooLong(at, ANNOTATIONS_LIMIT_BYTES))
  return errors
}

function validateOwners(object: KubeObject, at: FieldPath): FieldError[] {
  const owners = object.metadata.ownerReferences ?? []
  const errors: FieldError[] = []
  for (const [index, owner] of owners.entries()) {
    for (const field of ['apiVersion', 'kind', 'name', 'uid'] as const) {
      const value = owner[field]
      if (value === undefined || value === '') errors.push(invalid(at.index(index).child(field), '', `must not be empty`))
    }
  }
  const controllers = owners.filter((owner) => owner.controller === true)
  const [first, second] = controllers
  if (first !== undefined && second !== undefined) {
    const message = `Only one reference can have Controller set to true. Found "true" in references for ${first.kind}/${first.name} and ${second.kind}/${second.name}`
    errors.push(invalid(at, owners, message))
  }
  return errors
}

function validateFinalizers(
  { strategy }: ResourceDefinition,
  finalizers: readonly string[] | undefined,
  at: FieldPath,
): FieldError[] {
  const errors: FieldError[] = []
  for (const [index, finalizer] of (finalizers ?? []).entries()) {
    errors.push(...invalidEach(at, finalizer, qualifiedNameProblems(finalizer)))
    const standard = finalizer.includes('/') || STANDARD_FINALIZERS.has(finalizer) || strategy.anyFinalizer === true
    if (!standard)
      errors.push(invalid(at.index(index), finalizer, 'name is neither a standard finalizer name nor is it fully qualified'))
  }
  if (finalizers?.includes('orphan') && finalizers.includes('foregroundDeletion')) {
    errors.push(invalid(at, finalizers, 'finalizers orphan and foregroundDeletion cannot be both set'))
  }
  return errors
}

const STANDARD_FINALIZERS = new Set(['orphan', 'foregroundDeletion', 'kubernetes'])

function newFinalizersWhileDeleting(object: KubeObject, old: KubeObject, at: FieldPath): FieldError[] {
  if (old.metadata.deletionTimestamp === undefined) return []
  const known = new Set(old.metadata.finalizers)
  const added = (object.metadata.finalizers ?? []).filter((finalizer) => !known.has(finalizer))
  if (added.length === 0) return []
  const shown = added.map((finalizer) => JSON.stringify(finalizer)).join(', ')
  return [
    forbiddenField(at, `no new finalizers can be added if the object is being deleted, found new finalizers []string{${shown}}`),
  ]
}

/** Puts back what only the server may say; a different creation or deletion time is a problem. */
export function carryOverMetadata(object: KubeObject, old: KubeObject): FieldError[] {
  const metadata = object.metadata as unknown as Record<string, unknown>
  const before = old.metadata as unknown as Record<string, unknown>
  const errors: FieldError[] = []
  for (const field of ['creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const) {
    const given = metadata[field]
    const changed = given !== undefined && given !== null && given !== before[field]
    if (changed) errors.push(invalid(`metadata.${field}`, given, IMMUTABLE))
  }
  for (const field of SERVER_OWNED) {
    if (before[field] !== undefined) metadata[field] = before[field]
    else if (metadata[field] !== undefined) delete metadata[field]
  }
  return errors
}

const SERVER_OWNED = [
  'name',
  'generateName',
  'namespace',
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'generation',
]

/** Empty maps and lists are as good as none, and are stored as none. */
export function dropEmptyMetadata(object: KubeObject): void {
  const metadata = object.metadata as unknown as Record<string, unknown>
  for (const field of ['labels', 'annotations', 'ownerReferences', 'finalizers', 'managedFields']) {
    const value = metadata[field]
    if (value === undefined) continue
    const empty = value === null || (typeof value === 'object' && Object.keys(value).length === 0)
    if (empty) delete metadata[field]
  }
}

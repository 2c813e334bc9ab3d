import {
  dnsSubdomainProblems,
  type FieldError,
  type FieldPath,
  invalid,
  invalidEach,
  notSupported,
  path,
  pathSegmentNameProblems,
  type RoleBinding,
  required,
} from '@skiff/api'
import { jsonEquals } from '../../patch/json-value.ts'

const GROUP = 'rbac.authorization.k8s.io'

export type Binding = Pick<RoleBinding, 'subjects' | 'roleRef'>
type Subject = NonNullable<Binding['subjects']>[number]

export function defaultBinding(binding: Binding): void {
  if (binding.roleRef) binding.roleRef.apiGroup ||= GROUP
  for (const subject of binding.subjects ?? []) {
    if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ||= GROUP
  }
}

export function validateBinding({ roleRef, subjects = [] }: Binding, options: { namespaced: boolean }): FieldError[] {
  return [
    ...validateRoleRef(roleRef, options.namespaced ? ['Role', 'ClusterRole'] : ['ClusterRole']),
    ...subjects.flatMap((subject, index) => validateSubject(subject, options.namespaced, path('subjects').index(index))),
  ]
}

function validateRoleRef(roleRef: Binding['roleRef'] | undefined, kinds: readonly string[]): FieldError[] {
  const field = path('roleRef')
  const { apiGroup = '', kind = '', name = '' } = roleRef ?? {}
  const errors: FieldError[] = []
  if (apiGroup !== GROUP) errors.push(notSupported(field.child('apiGroup'), apiGroup, [GROUP]))
  if (!kinds.includes(kind)) errors.push(notSupported(field.child('kind'), kind, kinds))
  if (name === '') errors.push(required(field.child('name')))
  else errors.push(...invalidEach(field.child('name'), name, pathSegmentNameProblems(name)))
  return errors
}

function validateSubject(subject: Subject, namespaced: boolean, field: FieldPath): FieldError[] {
  const { kind, name, namespace = '', apiGroup = '' } = subject
  if (!name) return [required(field.child('name'))]
  switch (kind) {
    case 'ServiceAccount': {
      const errors = invalidEach(field.child('name'), name, dnsSubdomainProblems(name))
      if (apiGroup !== '') errors.push(notSupported(field.child('apiGroup'), apiGroup, ['']))
      if (!namespaced && namespace === '') errors.push(required(field.child('namespace')))
      return errors
    }
    case 'User':
    case 'Group':
      return apiGroup === GROUP ? [] : [notSupported(field.child('apiGroup'), apiGroup, [GROUP])]
    default:
      return [notSupported(field.child('kind'), kind, ['ServiceAccount', 'User', 'Group'])]
  }
}

export function validateBindingUpdate(binding: Binding, old: Binding): FieldError[] {
  return jsonEquals(binding.roleRef, old.roleRef) ? [] : [invalid('roleRef', binding.roleRef, 'cannot change roleRef')]
}

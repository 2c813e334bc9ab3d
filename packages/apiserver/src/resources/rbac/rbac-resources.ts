import {
  CLUSTER_ROLE_BINDINGS,
  CLUSTER_ROLES,
  type ClusterRole,
  type ClusterRoleBinding,
  pathSegmentNameProblems,
  ROLE_BINDINGS,
  ROLES,
  type Role,
  type RoleBinding,
} from '@skiff/api'
import type { ResourceDefinition, TableColumns } from '../../registry/resource-definition.ts'
import { objectAge } from '../cells.ts'
import { AGE_COLUMN, NAME_COLUMN, textColumn, wideColumn } from '../columns.ts'
import { type Binding, defaultBinding, validateBinding, validateBindingUpdate } from './validate-binding.ts'
import { validateClusterRole, validateRole } from './validate-role.ts'

const roleColumns: TableColumns = {
  columns: [NAME_COLUMN, { name: 'Created At', type: 'date', description: 'Time of creation.' }],
  cells: (role) => [role.metadata.name, role.metadata.creationTimestamp],
}

const bindingColumns: TableColumns = {
  columns: [
    NAME_COLUMN,
    textColumn('Role', 'The role that is bound.'),
    AGE_COLUMN,
    wideColumn('Users', 'Users that get it.'),
    wideColumn('Groups', 'Groups that get it.'),
    wideColumn('ServiceAccounts', 'Service accounts that get it.'),
  ],
  cells: (binding: RoleBinding, now) => [
    binding.metadata.name,
    `${binding.roleRef.kind}/${binding.roleRef.name}`,
    objectAge(binding, now),
    subjectNames(binding, 'User'),
    subjectNames(binding, 'Group'),
    subjectNames(binding, 'ServiceAccount'),
  ],
}

export const roleResource: ResourceDefinition = {
  info: ROLES,
  createOnUpdate: true,
  strategy: {
    validate: (role: Role) => validateRole(role),
    nameProblems: pathSegmentNameProblems,
  },
  columns: roleColumns,
}

export const clusterRoleResource: ResourceDefinition = {
  info: CLUSTER_ROLES,
  createOnUpdate: true,
  strategy: {
    validate: (role: ClusterRole) => validateClusterRole(role),
    nameProblems: pathSegmentNameProblems,
  },
  columns: roleColumns,
}

export const roleBindingResource: ResourceDefinition = {
  info: ROLE_BINDINGS,
  createOnUpdate: true,
  strategy: {
    default: (binding: RoleBinding) => defaultBinding(binding),
    validate: (binding: RoleBinding) => validateBinding(binding, { namespaced: true }),
    validateUpdate: (binding: RoleBinding, old: RoleBinding) => validateBindingUpdate(binding, old),
    nameProblems: pathSegmentNameProblems,
  },
  columns: bindingColumns,
}

export const clusterRoleBindingResource: ResourceDefinition = {
  info: CLUSTER_ROLE_BINDINGS,
  createOnUpdate: true,
  strategy: {
    default: (binding: ClusterRoleBinding) => defaultBinding(binding),
    validate: (binding: ClusterRoleBinding) => validateBinding(binding, { namespaced: false }),
    validateUpdate: (binding: ClusterRoleBinding, old: ClusterRoleBinding) => validateBindingUpdate(binding, old),
    nameProblems: pathSegmentNameProblems,
  },
  columns: bindingColumns,
}

function subjectNames({ subjects = [] }: Binding, kind: string): string {
  return subjects
    .filter((subject) => subject.kind === kind)
    .map(({ name, namespace }) => (kind === 'ServiceAccount' ? `${namespace ?? ''}/${name}` : name))
    .join(', ')
}

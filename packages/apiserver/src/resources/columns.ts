import type { TableColumn } from '../registry/resource-definition.ts'

/** The columns that nearly every kind has. */
export const NAME_COLUMN: TableColumn = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: 'Name must be unique within a namespace and cannot be updated.',
}

export const AGE_COLUMN: TableColumn = {
  name: 'Age',
  type: 'string',
  description: 'Time since the server created the object.',
}

export function textColumn(name: string, description: string): TableColumn {
  return { name, type: 'string', description }
}

export function integerColumn(name: string, description: string): TableColumn {
  return { name, type: 'integer', description }
}

/** Shown by `-o wide` only. */
export function wideColumn(name: string, description: string): TableColumn {
  return { name, type: 'string', description, priority: 1 }
}

import type { KubeObject } from '@skiff/api'
import type { TableCell, TableColumn, TableColumns } from '../registry/resource-definition.ts'
import { ageCell } from '../resources/cells.ts'
import type { CustomVersion } from './definition.ts'
import { findByPath, type JsonPath, parseJsonPath } from './schema/json-path.ts'

type ColumnType = TableColumn['type']

interface PrinterColumn {
  readonly column: TableColumn
  readonly path: JsonPath | undefined
}

const NAME: TableColumn = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: 'Name of the object: unique in its namespace, never changed.',
}

const AGE: PrinterColumn = {
  column: { name: 'Age', type: 'date', description: 'When the server created the object, in UTC.' },
  path: parseJsonPath('.metadata.creationTimestamp'),
}

/** Name, and what the version's additionalPrinterColumns show; without any of these, the age. */
export function columnsOf(version: CustomVersion): TableColumns {
  const declared = (version.additionalPrinterColumns ?? []).map(
    ({ name, type, format, description, priority, jsonPath }): PrinterColumn => ({
      column: {
        name,
        type: type as ColumnType,
        ...(format === undefined ? {} : { format }),
        description: description || `Custom resource definition column (in JSONPath format): ${jsonPath}`,
        ...(priority === undefined ? {} : { priority: priority as 0 | 1 }),
      },
      path: parseJsonPath(jsonPath),
    }),
  )
  const columns = declared.length === 0 ? [AGE] : declared
  return {
    columns: [NAME, ...columns.map(({ column }) => column)],
    cells: (object, now) => [object.metadata.name, ...columns.map((column) => cellOf(object, column, now))],
  }
}

function cellOf(object: KubeObject, { column, path }: PrinterColumn, now: Date): TableCell {
  const [value] = path === undefined ? [] : findByPath(object, path)
  if (value === undefined || value === null) return null
  switch (column.type) {
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null
    case 'number':
      return typeof value === 'number' ? value : null
    case 'boolean':
      return typeof value === 'boolean' ? value : null
    case 'date':
      return typeof value === 'string' ? dateCell(value, now) : null
    default:
      return typeof value === 'string' ? value : JSON.stringify(value)
  }
}

function dateCell(text: string, now: Date): string {
  return Number.isNaN(Date.parse(text)) ? '<invalid>' : ageCell(text, now)
}

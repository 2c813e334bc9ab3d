/** Tables: what `kubectl get` prints, made by the server (meta.k8s.io/v1 Table). */

import type { KubeObject } from '@skiff/api'
import type { ResourceDefinition, TableColumns } from '../registry/resource-definition.ts'

export type IncludeObject = 'None' | 'Metadata' | 'Object'

export interface MetadataForm {
  readonly version: 'v1' | 'v1beta1'
  readonly omitsManagedFields: boolean
}

export interface TableOptions extends MetadataForm {
  readonly includeObject: IncludeObject
  readonly now: Date
  /** Watches send the columns with the first event only. */
  readonly withColumns: boolean
}

export function tableOf(
  definition: Pick<ResourceDefinition, 'columns'>,
  objects: readonly KubeObject[],
  metadata: object,
  options: TableOptions,
): object {
  const columns = definition.columns ?? DEFAULT_COLUMNS
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${options.version}`,
    metadata,
    columnDefinitions: options.withColumns ? columns.columns.map(columnDefinition) : null,
    rows: objects.map((object) => rowOf(columns, object, options)),
  }
}

function columnDefinition(column: TableColumns['columns'][number]): object {
  const { name, type, format = '', description = '', priority = 0 } = column
  return { name, type, format, description, priority }
}

function rowOf(columns: TableColumns, object: KubeObject, options: TableOptions): object {
  const conditions = columns.conditions?.(object)
  return {
    cells: columns.cells(object, options.now),
    ...(conditions === undefined || conditions.length === 0 ? {} : { conditions }),
    object: includedObject(object, options),
  }
}

function includedObject(object: KubeObject, options: TableOptions): object | null {
  switch (options.includeObject) {
    case 'None':
      return null
    case 'Object':
      return object
    case 'Metadata':
      return metadataOnly(object, options)
  }
}

export function metadataOnly({ metadata }: KubeObject, { version, omitsManagedFields }: MetadataForm): object {
  const shown = omitsManagedFields ? { ...metadata, managedFields: undefined } : metadata
  return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${version}`, metadata: shown }
}

const DEFAULT_COLUMNS: TableColumns = {
  columns: [
    { name: 'Name', type: 'string', format: 'name', description: 'Name of the object: unique in its namespace, never changed.' },
    { name: 'Created At', type: 'date', description: 'When the server created the object, in UTC.' },
  ],
  cells: (object) => [object.metadata.name, object.metadata.creationTimestamp],
}

import type { CelObject, CelType } from '../../cel/index.ts'
import { additionalOf, type JsonSchema } from '../schema/json-schema.ts'

const OBJECT_META: CelObject = {
  kind: 'object',
  fields: new Map<string, CelType>([
    ['name', 'string'],
    ['generateName', 'string'],
  ]),
}

/**
 * The type that a schema's values have in its rules (k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/model);
 * undefined where nothing is known of them, so that no rule can name them.
 */
export function celTypeOf(schema: JsonSchema, isResourceRoot = false): CelType | undefined {
  if (schema['x-kubernetes-int-or-string'] === true) return 'dyn'
  switch (schema.type) {
    case 'object':
      return objectType(schema, isResourceRoot)
    case 'array': {
      const items = schema.items === undefined ? undefined : celTypeOf(schema.items)
      return items === undefined ? undefined : { kind: 'list', items }
    }
    case 'string':
      return schema.nullable === true ? 'dyn' : (TEXT_TYPES[schema.format ?? ''] ?? 'string')
    case 'integer':
      return schema.nullable === true ? 'dyn' : 'int'
    case 'number':
      return schema.nullable === true ? 'dyn' : 'double'
    case 'boolean':
      return schema.nullable === true ? 'dyn' : 'bool'
    default:
      return undefined
  }
}

const TEXT_TYPES: Readonly<Record<string, CelType>> = {
  byte: 'bytes',
  duration: 'duration',
  date: 'timestamp',
  'date-time': 'timestamp',
}

function objectType(schema: JsonSchema, isResourceRoot: boolean): CelType | undefined {
  const values = additionalOf(schema)
  if (values !== undefined) {
    const type = celTypeOf(values)
    return type === undefined ? undefined : { kind: 'map', values: type }
  }
  const fields = new Map<string, CelType>()
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const type = celTypeOf(property)
    if (type !== undefined) fields.set(name, type)
  }
  if (isResourceRoot || schema['x-kubernetes-embedded-resource'] === true) {
    fields.set('apiVersion', 'string').set('kind', 'string').set('metadata', OBJECT_META)
  }
  return { kind: 'object', fields }
}

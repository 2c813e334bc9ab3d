/** A custom resource's schema in the form in which server-side apply and OpenAPI read the built-in kinds. */

import {
  type FieldSchema,
  type KindInfo,
  type MapType,
  metaSchema,
  type OpenApiSchema,
  type TypeSchema,
  type ValueType,
} from '@skiff/api'
import { additionalOf, type JsonSchema } from './schema/json-schema.ts'

/** Whatever it is: objects are merged key by key, all else is one value. */
const DEDUCED: MapType = { kind: 'map', deduced: true, values: { kind: 'JSON' } }
Object.assign(DEDUCED, { values: DEDUCED })

export interface Published {
  readonly v3: OpenApiSchema
  readonly v2: OpenApiSchema
}

export function customTypeSchema(info: KindInfo, schema: JsonSchema, published: Published): TypeSchema {
  const root = structOf(schema, { ...namesOf(info, info.kind), isKind: true })
  const fields = openIfUnknown(schema, new Map(root.fields))
  fields.delete('apiVersion')
  fields.delete('kind')
  fields.set('metadata', fieldOf('metadata', { kind: 'object', schema: metaSchema('ObjectMeta') }))
  return { ...root, fields, published: { ...published, refers: [metaSchema('ObjectMeta')] } }
}

export function customListSchema(info: KindInfo, listKind: string, item: TypeSchema): TypeSchema {
  const fields = new Map([
    ['metadata', fieldOf('metadata', { kind: 'object', schema: metaSchema('ListMeta') })],
    ['items', { ...fieldOf('items', { kind: 'list', items: { kind: 'object', schema: item }, wrapped: false }), required: true }],
  ])
  return { ...emptyStruct({ ...namesOf(info, listKind), isKind: true }), fields }
}

/** `com.example.v1.Widget`. */
function namesOf({ group, version }: KindInfo, name: string): Identity {
  const openApiName = [...group.split('.').reverse(), version, name].join('.')
  return { name, group, version, goName: name, openApiName }
}

type Identity = Pick<TypeSchema, 'name' | 'group' | 'version' | 'goName' | 'openApiName'> & { readonly isKind?: boolean }

function emptyStruct(identity: Identity): TypeSchema {
  return { isKind: false, atomic: false, fields: new Map(), ownFields: [], embedded: [], ...identity }
}

function structOf(schema: JsonSchema, identity: Identity): TypeSchema {
  const fields = new Map<string, FieldSchema>()
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    fields.set(name, { ...fieldOf(name, typeOf(property)), ...listAndMapKinds(property) })
  }
  if (schema['x-kubernetes-embedded-resource'] === true) {
    for (const name of ['apiVersion', 'kind']) fields.set(name, fieldOf(name, { kind: 'string' }))
    fields.set('metadata', fieldOf('metadata', { kind: 'object', schema: metaSchema('ObjectMeta') }))
  }
  return { ...emptyStruct(identity), fields: openIfUnknown(schema, fields) }
}

const NO_NAMES: Identity = { name: '', group: '', version: '', goName: '', openApiName: '' }

function typeOf(schema: JsonSchema): ValueType {
  if (schema['x-kubernetes-int-or-string'] === true) return { kind: 'IntOrString' }
  switch (schema.type) {
    case 'object':
      return objectType(schema)
    case 'array':
      return { kind: 'list', items: schema.items === undefined ? DEDUCED : typeOf(schema.items), wrapped: false }
    case 'string':
      return { kind: 'string' }
    case 'integer':
      return { kind: 'int64' }
    case 'number':
      return { kind: 'float64' }
    case 'boolean':
      return { kind: 'bool' }
    default:
      return DEDUCED
  }
}

function objectType(schema: JsonSchema): ValueType {
  const values = additionalOf(schema)
  if (values !== undefined) return { kind: 'map', values: typeOf(values) }
  const isStruct = schema.properties !== undefined || schema['x-kubernetes-embedded-resource'] === true
  return isStruct ? { kind: 'object', schema: structOf(schema, NO_NAMES) } : DEDUCED
}

function fieldOf(name: string, type: ValueType): FieldSchema {
  return { name, number: 0, type, pointer: true, required: false, always: false, patchStrategy: [] }
}

function listAndMapKinds(schema: JsonSchema): Partial<FieldSchema> {
  const listType = schema['x-kubernetes-list-type']
  const listMapKeys = schema['x-kubernetes-list-map-keys']
  const mapType = schema['x-kubernetes-map-type']
  return {
    ...(listType === undefined ? {} : { listType }),
    ...(listMapKeys === undefined ? {} : { listMapKeys }),
    ...(mapType === undefined ? {} : { mapType }),
  }
}

/** Fields that a schema lets through without knowing them. */
class OpenFields extends Map<string, FieldSchema> {
  override get(name: string): FieldSchema {
    return super.get(name) ?? fieldOf(name, DEDUCED)
  }
}

function openIfUnknown(schema: JsonSchema, fields: Map<string, FieldSchema>): Map<string, FieldSchema> {
  return schema['x-kubernetes-preserve-unknown-fields'] === true ? new OpenFields(fields) : fields
}

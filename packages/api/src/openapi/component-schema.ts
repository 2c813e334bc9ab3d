/** The built-in types as OpenAPI v3 components: what kubectl explains, computes patches from, and clients are generated from. */

import type { FieldSchema, ScalarKind, TypeSchema, ValueType } from '../schema/schema.ts'
import { schemaOf } from '../schema/schema-registry.ts'
import type { Descriptions } from './descriptions.ts'

export type OpenApiSchema = { readonly [key: string]: unknown }

/** The name a component is referred to by: `io.k8s.api.core.v1.Pod`. */
export function componentRef(name: string): OpenApiSchema {
  return { $ref: `#/components/schemas/${name}` }
}

/** One type as a component, its fields referring to other components. */
export function jsonSchemaOf(schema: TypeSchema, descriptions: Descriptions = {}): OpenApiSchema {
  const said = descriptions[schema.openApiName] ?? {}
  const properties: Record<string, OpenApiSchema> = {}
  if (schema.isKind) Object.assign(properties, { apiVersion: API_VERSION, kind: KIND })
  for (const field of schema.fields.values()) properties[field.name] = propertyOf(field, said[field.name])
  const required = [...schema.fields.values()].filter((field) => field.required).map((field) => field.name)
  return {
    ...(said[''] === undefined ? {} : { description: said[''] }),
    type: 'object',
    ...(required.length > 0 ? { required: required.sort() } : {}),
    // An empty map would be lost by Go clients, which hold what they read against what they write.
    ...(Object.keys(properties).length > 0 ? { properties } : {}),
    ...(schema.isKind ? { 'x-kubernetes-group-version-kind': [groupVersionKind(schema)] } : {}),
    ...(schema.atomic ? { 'x-kubernetes-map-type': 'atomic' } : {}),
  }
}

/** These types and all they refer to, by component name. */
export function openApiComponents(schemas: Iterable<TypeSchema>, descriptions: Descriptions = {}): Record<string, OpenApiSchema> {
  const components: Record<string, OpenApiSchema> = {}
  const pending = [...schemas]
  for (let schema = pending.pop(); schema !== undefined; schema = pending.pop()) {
    if (Object.hasOwn(components, schema.openApiName)) continue
    components[schema.openApiName] = schema.published?.v3 ?? jsonSchemaOf(schema, descriptions)
    if (schema.published !== undefined) pending.push(...schema.published.refers)
    else for (const field of schema.fields.values()) collect(field.type, components, pending)
  }
  return components
}

export function groupVersionKind({ group, version, name }: TypeSchema): { group: string; version: string; kind: string } {
  // DeleteOptions and the like are known as core's.
  return { group: group === 'meta.k8s.io' ? '' : group, version, kind: name }
}

const STRING: OpenApiSchema = { type: 'string' }
const API_VERSION: OpenApiSchema = { type: 'string', description: 'The group and version of this object, such as apps/v1.' }
const KIND: OpenApiSchema = {
  type: 'string',
  description: 'What this object is, such as Deployment. In CamelCase; cannot be changed.',
}
const META = 'io.k8s.apimachinery.pkg.apis.meta.v1'
const APIEXTENSIONS = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1'

/** Scalars that upstream has a component of their own for. */
const NAMED_SCALARS: Readonly<Partial<Record<ScalarKind, readonly [string, OpenApiSchema]>>> = {
  Time: [`${META}.Time`, { type: 'string', format: 'date-time' }],
  MicroTime: [`${META}.MicroTime`, { type: 'string', format: 'date-time' }],
  Duration: [`${META}.Duration`, { type: 'string' }],
  FieldsV1: [`${META}.FieldsV1`, { type: 'object' }],
  RawExtension: ['io.k8s.apimachinery.pkg.runtime.RawExtension', { type: 'object' }],
  Quantity: ['io.k8s.apimachinery.pkg.api.resource.Quantity', { oneOf: [{ type: 'string' }, { type: 'number' }] }],
  IntOrString: [
    'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
    { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] },
  ],
  JSON: [`${APIEXTENSIONS}.JSON`, {}],
  JSONSchemaPropsOrBool: [`${APIEXTENSIONS}.JSONSchemaPropsOrBool`, {}],
  JSONSchemaPropsOrArray: [`${APIEXTENSIONS}.JSONSchemaPropsOrArray`, {}],
  JSONSchemaPropsOrStringArray: [`${APIEXTENSIONS}.JSONSchemaPropsOrStringArray`, {}],
}

const PLAIN_SCALARS: Readonly<Partial<Record<ScalarKind, OpenApiSchema>>> = {
  string: STRING,
  bool: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  float64: { type: 'number', format: 'double' },
  bytes: { type: 'string', format: 'byte' },
}

function propertyOf(field: FieldSchema, description: string | undefined): OpenApiSchema {
  const type = typeSchema(field.type)
  const extensions = { ...(description === undefined ? {} : { description }), ...extensionsOf(field) }
  if (Object.keys(extensions).length === 0) return type
  // What stands beside a $ref is ignored.
  return '$ref' in type ? { allOf: [type], ...extensions } : { ...type, ...extensions }
}

function typeSchema(type: ValueType): OpenApiSchema {
  switch (type.kind) {
    case 'object':
      return componentRef(type.schema.openApiName)
    case 'list':
      return { type: 'array', items: typeSchema(type.items) }
    case 'map':
      return { type: 'object', additionalProperties: typeSchema(type.values) }
    default: {
      const named = NAMED_SCALARS[type.kind]
      return named === undefined ? (PLAIN_SCALARS[type.kind] ?? {}) : componentRef(named[0])
    }
  }
}

function extensionsOf(field: FieldSchema): OpenApiSchema {
  return {
    ...(field.default === undefined ? {} : { default: field.default }),
    ...(field.listType === undefined ? {} : { 'x-kubernetes-list-type': field.listType }),
    ...(field.listMapKeys === undefined ? {} : { 'x-kubernetes-list-map-keys': field.listMapKeys }),
    ...(field.mapType === undefined ? {} : { 'x-kubernetes-map-type': field.mapType }),
    ...(field.patchStrategy.length === 0 ? {} : { 'x-kubernetes-patch-strategy': field.patchStrategy.join(',') }),
    ...(field.patchMergeKey === undefined ? {} : { 'x-kubernetes-patch-merge-key': field.patchMergeKey }),
  }
}

function collect(type: ValueType, components: Record<string, OpenApiSchema>, pending: TypeSchema[]): void {
  switch (type.kind) {
    case 'object':
      pending.push(type.schema)
      return
    case 'list':
      collect(type.items, components, pending)
      return
    case 'map':
      collect(type.values, components, pending)
      return
    default: {
      const named = NAMED_SCALARS[type.kind]
      if (named !== undefined) components[named[0]] = named[1]
      if (type.kind.startsWith('JSONSchemaPropsOr')) {
        const props = schemaOf('apiextensions.k8s.io', 'v1', 'JSONSchemaProps')
        if (props !== undefined) pending.push(props)
      }
    }
  }
}

/** A custom resource's schema as OpenAPI publishes it (k8s.io/apiextensions-apiserver/pkg/controller/openapi/builder). */

import { componentRef, type KindInfo, type OpenApiSchema } from '@skiff/api'
import { additionalOf, type JsonSchema, META_FIELDS } from './schema/json-schema.ts'
import type { Published } from './type-schema.ts'

const OBJECT_META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'
const API_VERSION = {
  type: 'string',
  description: 'APIVersion defines the group and version of this object, such as example.com/v1.',
}
const KIND = { type: 'string', description: 'Kind says what this object is. In CamelCase; cannot be changed.' }

export function publishedSchema(info: KindInfo, schema: JsonSchema | undefined): Published {
  const { group, version, kind } = info
  const groupVersionKind = { 'x-kubernetes-group-version-kind': [{ group, version, kind }] }
  if (schema === undefined) return { v3: { type: 'object', ...groupVersionKind }, v2: { type: 'object', ...groupVersionKind } }
  const open = schema['x-kubernetes-preserve-unknown-fields'] === true
  // Clients that validate by Swagger refuse every field that isn't listed once one is.
  const v2 = open ? { type: 'object' } : withMeta(plainSchema(schema), { $ref: `#/definitions/${OBJECT_META}` })
  return {
    v3: { ...withMeta(wholeSchema(schema), componentRef(OBJECT_META)), ...groupVersionKind },
    v2: { ...v2, ...groupVersionKind },
  }
}

function withMeta(schema: OpenApiSchema, metadata: OpenApiSchema): OpenApiSchema {
  const own = Object.entries((schema.properties ?? {}) as Record<string, unknown>).filter(([name]) => !META_FIELDS.has(name))
  const description = "Standard object's metadata: its name, labels and the like."
  // What stands beside a $ref of v3 is ignored.
  const described = String(metadata.$ref).startsWith('#/definitions/')
    ? { description, ...metadata }
    : { description, allOf: [metadata] }
  return { ...schema, properties: { apiVersion: API_VERSION, kind: KIND, metadata: described, ...Object.fromEntries(own) } }
}

function wholeSchema(schema: JsonSchema): OpenApiSchema {
  const { properties, items, additionalProperties, ...rest } = schema
  const whole = {
    ...rest,
    ...(properties === undefined ? {} : { properties: mapSchemas(properties, wholeSchema) }),
    ...(items === undefined ? {} : { items: wholeSchema(items) }),
    ...(additionalProperties === undefined
      ? {}
      : {
          additionalProperties:
            typeof additionalProperties === 'object' ? wholeSchema(additionalProperties) : additionalProperties,
        }),
  }
  return schema['x-kubernetes-embedded-resource'] === true ? embedded(whole, schema, componentRef(OBJECT_META)) : whole
}

/** Without what Swagger lacks: alternatives, null, and parts that are known under fields that aren't. */
function plainSchema(schema: JsonSchema): OpenApiSchema {
  const { allOf: _, anyOf: __, oneOf: ___, not: ____, nullable, properties, items, additionalProperties, type, ...rest } = schema
  const open = schema['x-kubernetes-preserve-unknown-fields'] === true
  const values = additionalOf(schema)
  const isTyped = nullable !== true && !(open && type === 'object') && !(type === 'array' && (items === undefined || open))
  const hasParts = nullable !== true && !open
  const plain: OpenApiSchema = {
    ...rest,
    ...(isTyped && type !== undefined ? { type } : {}),
    ...(hasParts && properties !== undefined ? { properties: mapSchemas(properties, plainSchema) } : {}),
    ...(hasParts && items !== undefined ? { items: plainSchema(items) } : {}),
    ...(values === undefined ? {} : { additionalProperties: plainSchema(values) }),
    ...(additionalProperties === true ? { additionalProperties: {} } : {}),
    ...(schema.required === undefined
      ? {}
      : { required: schema.required.filter((name) => properties?.[name]?.nullable !== true) }),
  }
  const isEmbedded = schema['x-kubernetes-embedded-resource'] === true && !open
  return isEmbedded ? embedded(plain, schema, { $ref: `#/definitions/${OBJECT_META}` }) : plain
}

function embedded(schema: OpenApiSchema, { required = [] }: JsonSchema, metadata: OpenApiSchema): OpenApiSchema {
  return { ...withMeta(schema, metadata), required: [...new Set([...required, 'kind', 'apiVersion'])] }
}

function mapSchemas(
  schemas: Readonly<Record<string, JsonSchema>>,
  map: (schema: JsonSchema) => OpenApiSchema,
): Record<string, OpenApiSchema> {
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, map(schema)]))
}

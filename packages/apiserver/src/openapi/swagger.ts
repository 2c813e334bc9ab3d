/** OpenAPI v2 (Swagger) of everything: what kubectl up to 1.28 validates and explains with, and clients are generated from. */

import { type Descriptions, type OpenApiSchema, openApiComponents } from '@skiff/api'
import type { ApiGroup } from '../discovery/api-groups.ts'
import { SERVER_VERSION } from '../discovery/version.ts'
import { type ApiOperation, type ApiPath, apiPaths, spokenTypes } from './operations.ts'
import { parameterType } from './parameters.ts'

type JsonObject = { readonly [key: string]: unknown }

export interface Swagger {
  readonly swagger: '2.0'
  readonly info: { readonly title: string; readonly version: string }
  readonly paths: Readonly<Record<string, JsonObject>>
  readonly definitions: Readonly<Record<string, JsonObject>>
}

export function swaggerDocument(groups: readonly ApiGroup[], descriptions: Descriptions): Swagger {
  const paths = groups.flatMap((group) => group.versions.flatMap((version) => apiPaths(group, version)))
  const types = spokenTypes(paths)
  const components = openApiComponents(types, descriptions)
  const published = new Map([...types].map(({ openApiName, published: own }) => [openApiName, own?.v2]))
  return {
    swagger: '2.0',
    info: { title: 'Kubernetes', version: SERVER_VERSION.gitVersion },
    paths: Object.fromEntries(paths.map((path) => [path.path, pathItem(path)])),
    definitions: Object.fromEntries(
      Object.entries(components).map(([name, schema]) => [name, published.get(name) ?? definitionOf(schema)]),
    ),
  }
}

function pathItem({ parameters, operations }: ApiPath): JsonObject {
  return {
    ...(parameters.length > 0 ? { parameters: parameters.map((name) => parameter(name, 'path')) } : {}),
    ...Object.fromEntries(operations.map((operation) => [operation.method, operationObject(operation)])),
  }
}

function parameter(name: string, place: 'path' | 'query'): JsonObject {
  return { name, in: place, ...(place === 'path' ? { required: true } : {}), type: parameterType(name), uniqueItems: true }
}

function operationObject(operation: ApiOperation): JsonObject {
  const { id, tag, query, action, kind, answered, patchTypes } = operation
  const schema = answered === undefined ? { type: 'string' } : definitionRef(answered.openApiName)
  return {
    tags: [tag],
    operationId: id,
    consumes: action === 'patch' ? patchTypes : ['*/*'],
    produces: ['application/json', 'application/yaml'],
    parameters: [...bodyParameter(operation), ...query.map((name) => parameter(name, 'query'))],
    responses: { [action === 'post' ? '201' : '200']: { description: 'OK', schema } },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': kind,
  }
}

function bodyParameter({ action, sent }: ApiOperation): JsonObject[] {
  if (action === 'patch') return [{ name: 'body', in: 'body', required: true, schema: { type: 'object' } }]
  if (sent === undefined) return []
  const isOptional = action === 'delete' || action === 'deletecollection'
  return [{ name: 'body', in: 'body', ...(isOptional ? {} : { required: true }), schema: definitionRef(sent.openApiName) }]
}

const DEFINITIONS = '#/definitions/'

function definitionRef(name: string): JsonObject {
  return { $ref: DEFINITIONS + name }
}

/** A component of v3 in the words of v2, which has no alternatives, and in which a reference may have siblings. */
function definitionOf({ $ref, oneOf, allOf, ...rest }: OpenApiSchema): JsonObject {
  if (typeof $ref === 'string') return { ...rest, $ref: $ref.replace('#/components/schemas/', DEFINITIONS) }
  if (Array.isArray(allOf)) return { ...rest, ...definitionOf(allOf[0] as OpenApiSchema) }
  if (Array.isArray(oneOf)) return { ...rest, type: 'string' }
  return { ...rest, ...inner(rest) }
}

function inner({ properties, items, additionalProperties }: OpenApiSchema): JsonObject {
  return {
    ...(properties === undefined ? {} : { properties: mapValues(properties as Record<string, OpenApiSchema>) }),
    ...(items === undefined ? {} : { items: definitionOf(items as OpenApiSchema) }),
    ...(additionalProperties === undefined ? {} : { additionalProperties: definitionOf(additionalProperties as OpenApiSchema) }),
  }
}

function mapValues(schemas: Readonly<Record<string, OpenApiSchema>>): JsonObject {
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, definitionOf(schema)]))
}

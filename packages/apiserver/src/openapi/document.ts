/** OpenAPI v3 of one group and version. */

import { componentRef, type Descriptions, type OpenApiSchema, openApiComponents, type TypeSchema } from '@skiff/api'
import type { ApiGroup, ApiVersion } from '../discovery/api-groups.ts'
import { SERVER_VERSION } from '../discovery/version.ts'
import { type ApiOperation, type ApiPath, apiPaths, spokenTypes } from './operations.ts'
import { parameterType } from './parameters.ts'

export function openApiDocument(group: ApiGroup, version: ApiVersion, descriptions: Descriptions): object {
  const paths = apiPaths(group, version)
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: SERVER_VERSION.gitVersion },
    paths: Object.fromEntries(paths.map((path) => [path.path, pathItem(path)])),
    components: { schemas: openApiComponents(spokenTypes(paths), descriptions) },
  }
}

function pathItem({ parameters, operations }: ApiPath): object {
  return {
    ...(parameters.length > 0 ? { parameters: parameters.map((name) => parameter(name, 'path')) } : {}),
    ...Object.fromEntries(operations.map((operation) => [operation.method, operationObject(operation)])),
  }
}

function parameter(name: string, place: 'path' | 'query'): object {
  const schema = { type: parameterType(name), uniqueItems: true }
  return { name, in: place, ...(place === 'path' ? { required: true } : {}), schema }
}

function operationObject(operation: ApiOperation): object {
  const { id, tag, query, action, kind, answered } = operation
  const content = { 'application/json': { schema: bodySchema(answered) } }
  return {
    tags: [tag],
    operationId: id,
    ...(query.length > 0 ? { parameters: query.map((name) => parameter(name, 'query')) } : {}),
    ...requestBody(operation),
    responses: { [action === 'post' ? '201' : '200']: { description: 'OK', content } },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': kind,
  }
}

function requestBody({ action, sent, patchTypes }: ApiOperation): object {
  if (action === 'patch') {
    const content = Object.fromEntries(patchTypes.map((type) => [type, { schema: { type: 'object' } }]))
    return { requestBody: { required: true, content } }
  }
  if (sent === undefined) return {}
  const isOptional = action === 'delete' || action === 'deletecollection'
  return { requestBody: { ...(isOptional ? {} : { required: true }), content: { '*/*': { schema: bodySchema(sent) } } } }
}

function bodySchema(schema: TypeSchema | undefined): OpenApiSchema {
  return schema === undefined ? { type: 'string' } : componentRef(schema.openApiName)
}

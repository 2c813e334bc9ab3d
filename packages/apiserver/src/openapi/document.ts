/** OpenAPI v3 of one group and version: enough for kubectl (validation, explain, patches) and helm. */

import { type OpenApiSchema, openApiComponents, schemaOf, type TypeSchema } from '@skiff/api'
import type { ApiGroup, ApiResource, ApiVersion } from '../discovery/api-groups.ts'
import { SERVER_VERSION } from '../discovery/version.ts'

type Action = 'list' | 'post' | 'get' | 'put' | 'patch' | 'delete' | 'deletecollection'

export function openApiDocument(group: ApiGroup, version: ApiVersion): object {
  const root = group.name === '' ? `/api/${version.version}` : `/apis/${group.name}/${version.version}`
  const schemas = version.resources.map(({ info }) => schemaOf(info.group, info.version, info.kind))
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: SERVER_VERSION.gitVersion },
    paths: Object.assign({}, ...version.resources.map((resource) => pathItems(root, resource))),
    components: { schemas: openApiComponents(schemas.filter((schema): schema is TypeSchema => schema !== undefined)) },
  }
}

function pathItems(root: string, resource: ApiResource): Record<string, object> {
  const { info, verbs } = resource
  const collection = info.namespaced ? `${root}/namespaces/{namespace}/${info.resource}` : `${root}/${info.resource}`
  const has = (verb: string) => verbs.includes(verb)
  const parameters = info.namespaced ? [pathParameter('namespace')] : []
  const operation = (action: Action) => operationOf(resource, action)
  const named = [...parameters, pathParameter('name')]
  return {
    [collection]: {
      parameters,
      ...(has('list') ? { get: operation('list') } : {}),
      ...(has('create') ? { post: operation('post') } : {}),
      ...(has('deletecollection') ? { delete: operation('deletecollection') } : {}),
    },
    ...(has('get')
      ? {
          [`${collection}/{name}`]: {
            parameters: named,
            get: operation('get'),
            put: operation('put'),
            patch: operation('patch'),
            delete: operation('delete'),
          },
        }
      : {}),
  }
}

function pathParameter(name: string): object {
  return { name, in: 'path', required: true, schema: { type: 'string', uniqueItems: true } }
}

function operationOf({ info }: ApiResource, action: Action): object {
  const schema = schemaOf(info.group, info.version, info.kind)
  const body: OpenApiSchema = schema === undefined ? { type: 'object' } : { $ref: `#/components/schemas/${schema.openApiName}` }
  const parameters = queryParameters(action).map((name) => ({ name, in: 'query', schema: { type: 'string', uniqueItems: true } }))
  return {
    tags: [info.group === '' ? `core_${info.version}` : `${info.group.split('.')[0]}_${info.version}`],
    operationId: `${action}${info.kind}${info.version}`,
    ...(parameters.length > 0 ? { parameters } : {}),
    ...requestBody(action, body),
    responses: { [action === 'post' ? '201' : '200']: { description: 'OK', content: { 'application/json': { schema: body } } } },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': { group: info.group, version: info.version, kind: info.kind },
  }
}

/** `fieldValidation` is how kubectl finds out that the server checks unknown fields itself. */
function queryParameters(action: Action): readonly string[] {
  switch (action) {
    case 'post':
    case 'put':
      return ['dryRun', 'fieldManager', 'fieldValidation']
    case 'patch':
      return ['dryRun', 'fieldManager', 'fieldValidation', 'force']
    case 'list':
      return ['continue', 'fieldSelector', 'labelSelector', 'limit', 'resourceVersion', 'watch']
    case 'delete':
    case 'deletecollection':
      return ['dryRun', 'gracePeriodSeconds', 'propagationPolicy']
    case 'get':
      return []
  }
}

const PATCH_TYPES = [
  'application/apply-patch+yaml',
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
]

function requestBody(action: Action, body: OpenApiSchema): object {
  if (action === 'post' || action === 'put') return { requestBody: { required: true, content: { '*/*': { schema: body } } } }
  if (action !== 'patch') return {}
  const content = Object.fromEntries(PATCH_TYPES.map((type) => [type, { schema: { type: 'object' } }]))
  return { requestBody: { required: true, content } }
}

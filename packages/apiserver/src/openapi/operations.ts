/** What can be done with the resources of one group and version, path by path: the part that OpenAPI v2 and v3 share. */

import { type KindInfo, metaSchema, schemaOf, type TypeSchema } from '@skiff/api'
import type { ApiGroup, ApiResource, ApiSubresource, ApiVersion } from '../discovery/api-groups.ts'

export type Method = 'get' | 'put' | 'post' | 'delete' | 'patch'
type Action = 'list' | 'get' | 'post' | 'put' | 'patch' | 'delete' | 'deletecollection' | 'connect'
type Kind = Pick<KindInfo, 'group' | 'version' | 'kind'>

export interface ApiPath {
  readonly path: string
  /** `namespace`, `name`: what stands in braces. */
  readonly parameters: readonly string[]
  readonly operations: readonly ApiOperation[]
}

export interface ApiOperation {
  readonly method: Method
  readonly action: Action
  readonly id: string
  readonly tag: string
  readonly kind: Kind
  readonly query: readonly string[]
  /** Of the body that is sent: undefined for none, and for patches, which are of any form. */
  readonly sent: TypeSchema | undefined
  readonly answered: TypeSchema | undefined
  readonly patchTypes: readonly string[]
}

const PATCH_TYPES = [
  'application/apply-patch+yaml',
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
]

const CUSTOM_PATCH_TYPES = PATCH_TYPES.filter((type) => type !== 'application/strategic-merge-patch+json')

export function apiPaths(group: ApiGroup, version: ApiVersion): readonly ApiPath[] {
  const root = group.name === '' ? `/api/${version.version}` : `/apis/${group.name}/${version.version}`
  return version.resources.flatMap((resource) => resourcePaths(root, resource))
}

/** Every type that the paths speak of; what these refer to comes with them. */
export function spokenTypes(paths: readonly ApiPath[]): Set<TypeSchema> {
  const types = new Set<TypeSchema>()
  for (const { sent, answered } of paths.flatMap(({ operations }) => operations)) {
    if (sent !== undefined) types.add(sent)
    if (answered !== undefined) types.add(answered)
  }
  return types
}

function resourcePaths(root: string, resource: ApiResource): ApiPath[] {
  const { info, verbs } = resource
  const collection = info.namespaced ? `${root}/namespaces/{namespace}/${info.resource}` : `${root}/${info.resource}`
  const scope = info.namespaced ? ['namespace'] : []
  const named = ['name', ...scope]
  const offered = ([verb]: readonly [string, ...unknown[]]) => verbs.includes(verb)
  const operation = ([, method, action]: readonly [string, Method, Action]) => operationOf(resource, { method, action })
  return [
    { path: collection, parameters: scope, operations: COLLECTION_VERBS.filter(offered).map(operation) },
    ...(verbs.includes('get')
      ? [{ path: `${collection}/{name}`, parameters: named, operations: OBJECT_VERBS.filter(offered).map(operation) }]
      : []),
    ...resource.subresources.map((subresource) => ({
      path: `${collection}/{name}/${subresource.name}`,
      parameters: named,
      operations: subresourceOperations(resource, subresource),
    })),
    ...(info.namespaced && verbs.includes('list')
      ? [
          {
            path: `${root}/${info.resource}`,
            parameters: [],
            operations: [operationOf(resource, { method: 'get', action: 'list', everywhere: true })],
          },
        ]
      : []),
  ]
}

const COLLECTION_VERBS: readonly (readonly [string, Method, Action])[] = [
  ['list', 'get', 'list'],
  ['create', 'post', 'post'],
  ['deletecollection', 'delete', 'deletecollection'],
]

const OBJECT_VERBS: readonly (readonly [string, Method, Action])[] = [
  ['get', 'get', 'get'],
  ['update', 'put', 'put'],
  ['delete', 'delete', 'delete'],
  ['patch', 'patch', 'patch'],
]

const SUBRESOURCE_METHODS: Readonly<Record<string, Method>> = {
  get: 'get',
  create: 'post',
  update: 'put',
  delete: 'delete',
  patch: 'patch',
}

const CONNECTED = ['exec', 'attach', 'portforward', 'proxy']

function subresourceOperations(resource: ApiResource, subresource: ApiSubresource): ApiOperation[] {
  return subresource.verbs.flatMap((verb) => {
    const method = SUBRESOURCE_METHODS[verb]
    if (method === undefined) return []
    return [operationOf(resource, { method, action: CONNECTED.includes(subresource.name) ? 'connect' : method, subresource })]
  })
}

interface Options {
  readonly method: Method
  readonly action: Action
  readonly subresource?: ApiSubresource
  /** In all namespaces. */
  readonly everywhere?: boolean
}

function operationOf({ info, custom }: ApiResource, { method, action, subresource, everywhere = false }: Options): ApiOperation {
  const kind = subresource?.kind ?? info
  const isOwn = kind.group === info.group && kind.kind === info.kind
  const schema = (isOwn ? custom?.schema : undefined) ?? schemaOf(kind.group, kind.version, kind.kind)
  const list = custom?.list ?? schemaOf(info.group, info.version, `${info.kind}List`)
  return {
    method,
    action,
    id: operationId(info, { method, action, subresource: subresource?.name ?? '', everywhere }),
    tag: `${groupWords(info.group).join('_') || 'core'}_${info.version}`,
    kind: { group: kind.group, version: kind.version, kind: kind.kind },
    query: QUERY_PARAMETERS[action],
    sent: sentSchema(action, schema),
    answered: answeredSchema(action, list, schema),
    patchTypes: custom === undefined ? PATCH_TYPES : CUSTOM_PATCH_TYPES,
  }
}

function sentSchema(action: Action, schema: TypeSchema | undefined): TypeSchema | undefined {
  if (action === 'post' || action === 'put') return schema
  return action === 'delete' || action === 'deletecollection' ? metaSchema('DeleteOptions') : undefined
}

function answeredSchema(action: Action, list: TypeSchema | undefined, schema: TypeSchema | undefined): TypeSchema | undefined {
  if (action === 'connect') return undefined
  if (action === 'list') return list
  return action === 'delete' || action === 'deletecollection' ? metaSchema('Status') : schema
}

const ID_VERBS: Readonly<Record<Exclude<Action, 'connect'>, string>> = {
  list: 'list',
  get: 'read',
  post: 'create',
  put: 'replace',
  patch: 'patch',
  delete: 'delete',
  deletecollection: 'deleteCollection',
}

/** `replaceAppsV1NamespacedDeploymentStatus`: generated clients name their functions so. */
function operationId(
  info: KindInfo,
  {
    method,
    action,
    subresource = '',
    everywhere,
  }: { readonly method: Method; readonly action: Action; readonly subresource: string; readonly everywhere: boolean },
): string {
  const verb = action === 'connect' ? `connect${capital(method)}` : ID_VERBS[action]
  const group = groupWords(info.group).map(capital).join('') || 'Core'
  const scope = info.namespaced && !everywhere ? 'Namespaced' : ''
  return `${verb}${group}${capital(info.version)}${scope}${info.kind}${capital(subresource)}${everywhere ? 'ForAllNamespaces' : ''}`
}

function groupWords(group: string): string[] {
  return group
    .replace(/\.k8s\.io$/, '')
    .split('.')
    .filter((word) => word !== '')
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}

const WRITE = ['dryRun', 'fieldManager', 'fieldValidation', 'pretty']
const SELECT = [
  'continue',
  'fieldSelector',
  'labelSelector',
  'limit',
  'resourceVersion',
  'resourceVersionMatch',
  'timeoutSeconds',
]
const DELETE = ['dryRun', 'gracePeriodSeconds', 'orphanDependents', 'propagationPolicy', 'pretty']

/** `fieldValidation` is how kubectl finds out that the server checks unknown fields itself. */
const QUERY_PARAMETERS: Readonly<Record<Action, readonly string[]>> = {
  list: [...SELECT, 'allowWatchBookmarks', 'sendInitialEvents', 'watch', 'pretty'],
  get: ['pretty'],
  post: WRITE,
  put: WRITE,
  patch: [...WRITE, 'force'],
  delete: DELETE,
  deletecollection: [...SELECT, ...DELETE],
  connect: [],
}

import { verbOf } from '@skiff/api'
import type { RequestInfo, Verb } from './request-context.ts'

const NAMESPACE_SUBRESOURCES = new Set(['status', 'finalize'])

/** Reads method and URL as kube-apiserver's RequestInfo does. Never throws: what isn't a resource's path is a plain path. */
export function parseRequestInfo(method: string, url: string): RequestInfo {
  const [rawPath, rawQuery] = splitQuery(url)
  const query = new URLSearchParams(rawQuery)
  const path = decodePath(rawPath)
  const written = rawPath.split('/').filter((segment) => segment !== '')
  const segments = path === rawPath ? written : written.map(decodeSegment)
  const target = resourceTarget(segments)
  if (target === undefined) return plainPath(method, path, query)
  return { ...target, isResource: true, path, query, verb: targetVerb(method, target, query) }
}

type Target = Pick<RequestInfo, 'group' | 'version' | 'namespace' | 'resource' | 'subresource' | 'name' | 'proxyPath'> & {
  readonly watchPrefix: boolean
}

function resourceTarget(segments: readonly string[]): Target | undefined {
  const legacy = segments[0] === 'api'
  if (!legacy && segments[0] !== 'apis') return undefined
  const [group, version, rest] = legacy
    ? ['', segments[1], segments.slice(2)]
    : [segments[1] ?? '', segments[2], segments.slice(3)]
  if (version === undefined || rest.length === 0) return undefined
  const watchPrefix = rest[0] === 'watch' && rest.length > 1
  return { ...placeOf(watchPrefix ? rest.slice(1) : rest), group, version, watchPrefix }
}

function placeOf(segments: readonly string[]): Omit<Target, 'group' | 'version' | 'watchPrefix'> {
  const { namespace, parts } = splitNamespace(segments)
  const [resource = '', name = '', subresource = ''] = parts
  const proxyPath = subresource === 'proxy' && parts.length > 3 ? `/${parts.slice(3).join('/')}` : ''
  const known = parts.length <= 3 || subresource === 'proxy'
  return { namespace, resource, name, subresource: known ? subresource : parts.slice(2).join('/'), proxyPath }
}

function splitNamespace(segments: readonly string[]): { namespace: string; parts: readonly string[] } {
  if (segments[0] !== 'namespaces' || segments[1] === undefined) return { namespace: '', parts: segments }
  const isNamespaceItself = segments.length === 2 || NAMESPACE_SUBRESOURCES.has(segments[2] ?? '')
  return { namespace: segments[1], parts: isNamespaceItself ? segments : segments.slice(2) }
}

function targetVerb(method: string, target: Target, query: URLSearchParams): Verb {
  if (target.watchPrefix && method === 'GET') return 'watch'
  const verb = verbOf(method) ?? plainVerb(method)
  if (target.name !== '') return verb
  if (verb === 'get') return isTrue(query.get('watch')) ? 'watch' : 'list'
  return verb === 'delete' ? 'deletecollection' : verb
}

function plainPath(method: string, path: string, query: URLSearchParams): RequestInfo {
  const nothing = { group: '', version: '', namespace: '', resource: '', subresource: '', name: '', proxyPath: '' }
  return { ...nothing, isResource: false, verb: plainVerb(method), path, query }
}

function plainVerb(method: string): Verb {
  return method.toLowerCase() as Verb
}

/** Query booleans as Go's strconv and apimachinery read them: present and not `false` or `0`. */
export function isTrue(value: string | null): boolean {
  return value !== null && value !== 'false' && value !== '0'
}

function splitQuery(url: string): [string, string] {
  const mark = url.indexOf('?')
  return mark < 0 ? [url, ''] : [url.slice(0, mark), url.slice(mark + 1)]
}

function decodePath(path: string): string {
  return path.includes('%') ? path.split('/').map(decodeSegment).join('/') : path
}

function decodeSegment(segment: string): string {
  if (!segment.includes('%')) return segment
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

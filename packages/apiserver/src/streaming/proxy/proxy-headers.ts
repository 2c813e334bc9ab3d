import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'

/** RFC 9110 7.6.1: what concerns one connection only. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])
/** Meant for the API server; a pod must not get hold of them. */
const CREDENTIALS = ['authorization', 'impersonate-']

type Headers = Record<string, string | string[]>

/** What of a message's headers may pass, those named by its Connection header left out too. */
export function endToEndHeaders(headers: IncomingHttpHeaders): Headers {
  const named = (headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase())
  const passes = ([name, value]: [string, unknown]) =>
    value !== undefined &&
    !HOP_BY_HOP.has(name) &&
    !named.includes(name) &&
    !CREDENTIALS.some((prefix) => name.startsWith(prefix))
  return Object.fromEntries(Object.entries(headers).filter(passes)) as Headers
}

/** The path behind `/proxy` as the client wrote it, with its query. */
export function proxiedPath(request: IncomingMessage): string {
  const url = request.url ?? ''
  const [, rest = ''] = /^[^?]*?\/(?:nodes|pods|services)\/[^/?]+\/proxy(.*)$/.exec(url) ?? []
  return rest.startsWith('/') ? rest : `/${rest}`
}

/** The path before it, to which redirects are kept. */
export function proxyPrefix(request: IncomingMessage): string {
  return /^[^?]*?\/(?:nodes|pods|services)\/[^/?]+\/proxy/.exec(request.url ?? '')?.[0] ?? ''
}

/** A redirect to a path of the backend becomes one below the proxy; others pass as they are and are followed by nobody here. */
export function relocated(headers: Headers, prefix: string): Headers {
  const { location } = headers
  if (typeof location !== 'string' || !location.startsWith('/') || location.startsWith('//')) return headers
  return { ...headers, location: prefix + location }
}

/** A page's root without its slash, whose relative links would lead elsewhere: where a GET of it is sent to. */
export function rootOf({ method, url = '' }: IncomingMessage): string | undefined {
  if (method !== 'GET' && method !== 'HEAD') return undefined
  const [, path, query = ''] = /^([^?]*?\/(?:nodes|pods|services)\/[^/?]+\/proxy)(\?.*)?$/.exec(url) ?? []
  return path === undefined ? undefined : `${path}/${query}`
}

/** Tells the backend under which path it is seen. */
export function forwardedFor(request: IncomingMessage): Headers {
  const [path = ''] = proxiedPath(request).split('?')
  return { 'x-forwarded-uri': proxyPrefix(request) + path }
}

/** Which pages may read the API server's answers is not for a backend to say. */
export function withoutCors(headers: Headers): Headers {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith('access-control-allow-')))
}

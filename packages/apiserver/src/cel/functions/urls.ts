import type { Environment } from '@marcbachmann/cel-js'
import { failure } from './failure.ts'

/** Kubernetes' library of URLs; absolute ones and absolute paths, as Go's url.ParseRequestURI reads them. */
export function registerUrls(environment: Environment): void {
  environment
    .registerType('kubernetes.URL', CelUrl)
    .registerFunction('url(string): kubernetes.URL', (text: string) => {
      const url = CelUrl.parse(text)
      if (url === undefined)
        throw failure(`URL parse error during conversion from string: parse "${text}": invalid URI for request`)
      return url
    })
    .registerFunction('isURL(string): bool', (text: string) => CelUrl.parse(text) !== undefined)
    .registerFunction('kubernetes.URL.getScheme(): string', ({ scheme }: CelUrl) => scheme)
    .registerFunction('kubernetes.URL.getHost(): string', ({ host }: CelUrl) => host)
    .registerFunction('kubernetes.URL.getHostname(): string', ({ host }: CelUrl) =>
      host.replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1'),
    )
    .registerFunction('kubernetes.URL.getPort(): string', ({ host }: CelUrl) => /:(\d+)$/.exec(host)?.[1] ?? '')
    .registerFunction('kubernetes.URL.getEscapedPath(): string', ({ path }: CelUrl) => path)
    .registerFunction('kubernetes.URL.getQuery(): map<string, list<string>>', ({ query }: CelUrl) => queryOf(query))
    .registerOperator('kubernetes.URL == kubernetes.URL', (a: CelUrl, b: CelUrl) => String(a) === String(b))
}

class CelUrl {
  readonly scheme: string
  readonly host: string
  readonly path: string
  readonly query: string

  private constructor(parts: { scheme: string; host: string; path: string; query: string }) {
    this.scheme = parts.scheme
    this.host = parts.host
    this.path = parts.path
    this.query = parts.query
  }

  static parse(text: string): CelUrl | undefined {
    const match = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/(?:[^/?@]*@)?([^/?]*))?([^?]*)(?:\?(.*))?$/s.exec(text)
    if (match === null || /[\s\p{Cc}]/u.test(text)) return undefined
    const [, scheme = '', host, path = '', query = ''] = match
    const isAbsolute = scheme !== '' && (host !== undefined || path !== '')
    if (!isAbsolute && !(scheme === '' && host === undefined && path.startsWith('/'))) return undefined
    if (/%(?![0-9A-Fa-f]{2})/.test(path) || !isHost(host ?? '')) return undefined
    return new CelUrl({ scheme: scheme.toLowerCase(), host: host ?? '', path, query })
  }

  toString(): string {
    return `${this.scheme}://${this.host}${this.path}?${this.query}`
  }
}

function isHost(host: string): boolean {
  return /^(?:\[[0-9A-Fa-f:.%]+\]|[^:[\]<>"]*)(?::\d*)?$/.test(host)
}

function queryOf(query: string): Map<string, string[]> {
  const values = new Map<string, string[]>()
  for (const [key, value] of new URLSearchParams(query)) values.set(key, [...(values.get(key) ?? []), value])
  return values
}

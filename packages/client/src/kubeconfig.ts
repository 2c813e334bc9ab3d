import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, resolve } from 'node:path'
import type { ApiClientOptions } from './api-client.ts'

interface Kubeconfig {
  readonly 'current-context'?: string
  readonly contexts?: readonly { readonly name: string; readonly context: { readonly cluster: string; readonly user: string } }[]
  readonly clusters?: readonly { readonly name: string; readonly cluster: Fields }[]
  readonly users?: readonly { readonly name: string; readonly user: Fields }[]
}

type Fields = Readonly<Record<string, string | undefined>>

const USER_AGENT = 'skiff'

/** How to reach the cluster of a kubeconfig's context (absent: its current one). Throws an Error that names what is missing. */
export function loadKubeconfig(path: string, context?: string): ApiClientOptions {
  const config = parseKubeconfig(readFileSync(path, 'utf8'))
  const contextName = context ?? config?.['current-context']
  if (contextName === undefined || contextName === '') throw new Error(`${path} has no current context: name one`)
  const { cluster: clusterName, user: userName } = find(path, 'context', contextName, config?.contexts).context
  const cluster = find(path, 'cluster', clusterName, config?.clusters).cluster
  const user = find(path, 'user', userName, config?.users).user
  const server = cluster.server
  if (server === undefined) throw new Error(`${path}: cluster "${clusterName}" has no server`)
  return {
    server,
    userAgent: USER_AGENT,
    ...optional('ca', pem(path, cluster, 'certificate-authority')),
    ...optional('cert', pem(path, user, 'client-certificate')),
    ...optional('key', pem(path, user, 'client-key')),
    ...optional('token', tokenOf(path, user)),
  }
}

/** An agent's own kubeconfig is JSON; the YAML parser is loaded for the others only, since it costs every proxy 13 MB. */
function parseKubeconfig(text: string): Kubeconfig | null {
  if (text.startsWith('{')) return JSON.parse(text) as Kubeconfig
  const { parse } = createRequire(import.meta.url)('yaml') as typeof import('yaml')
  return parse(text) as Kubeconfig | null
}

function find<T extends { readonly name: string }>(path: string, what: string, name: string, all: readonly T[] = []): T {
  const found = all.find((one) => one.name === name)
  if (found === undefined) throw new Error(`${path} has no ${what} "${name}"`)
  return found
}

/** A certificate or key: in the file itself as base64, or the name of another file relative to it. */
function pem(path: string, fields: Fields, name: string): string | undefined {
  const data = fields[`${name}-data`]
  if (data !== undefined) return Buffer.from(data, 'base64').toString('utf8')
  const file = fields[name]
  return file === undefined ? undefined : readFileSync(resolve(dirname(path), file), 'utf8')
}

/** A token file is read for every request: it is replaced before the token in it runs out. */
function tokenOf(path: string, user: Fields): string | (() => string) | undefined {
  if (user.token !== undefined) return user.token
  const file = user.tokenFile
  if (file === undefined) return undefined
  return () => readFileSync(resolve(dirname(path), file), 'utf8').trim()
}

function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]: V })
}

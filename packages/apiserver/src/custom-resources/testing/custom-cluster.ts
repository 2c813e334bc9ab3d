/** An API server with definitions of custom resources, and plain HTTP to it. */

import { startTestApiServer, type TestApiServerOptions } from '../../testing.ts'
import type { JsonSchema } from '../schema/json-schema.ts'

export interface Reply {
  readonly status: number
  readonly warning: string | null
  // biome-ignore lint/suspicious/noExplicitAny: answers of every form
  readonly body: any
}

export interface VersionParts {
  readonly name?: string
  readonly served?: boolean
  readonly storage?: boolean
  readonly schema?: JsonSchema
  readonly [part: string]: unknown
}

export interface DefinitionParts {
  readonly plural?: string
  readonly kind?: string
  readonly scope?: 'Namespaced' | 'Cluster'
  readonly names?: object
  readonly versions?: readonly VersionParts[]
  readonly [part: string]: unknown
}

export const OPEN: JsonSchema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }

/** A definition of `widgets.example.com`, or of what the parts say. */
export function definitionOf(parts: DefinitionParts = {}): object {
  const { plural = 'widgets', kind = 'Widget', scope = 'Namespaced', names = {}, versions = [{}], ...rest } = parts
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.example.com` },
    spec: {
      group: 'example.com',
      scope,
      names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List`, ...names },
      versions: versions.map(({ name = 'v1', served = true, storage = true, schema = OPEN, ...version }) => ({
        ...{ name, served, storage, schema: { openAPIV3Schema: schema } },
        ...version,
      })),
      ...rest,
    },
  }
}

/** A schema whose spec is the given one. */
export function specOf(spec: JsonSchema, more: JsonSchema = {}): JsonSchema {
  const { properties = {}, ...rest } = more
  return { type: 'object', properties: { spec, ...properties }, ...rest }
}

export const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
export const WIDGETS = '/apis/example.com/v1/namespaces/default/widgets'

export async function startCustomCluster(options: TestApiServerOptions = {}) {
  const api = await startTestApiServer(options)

  async function send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Reply> {
    const response = await fetch(api.url + path, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.includes('json') ?? false
    return {
      status: response.status,
      warning: response.headers.get('warning'),
      body: isJson && text !== '' ? JSON.parse(text) : text,
    }
  }

  /** Throws unless it is taken. */
  async function define(parts: DefinitionParts = {}): Promise<Reply> {
    const reply = await send('POST', DEFINITIONS, definitionOf(parts))
    if (reply.status !== 201) throw new Error(JSON.stringify(reply.body))
    return reply
  }

  const create = (name: string, rest: object = {}, query = '') => send('POST', `${WIDGETS}${query}`, widget(name, rest))
  return { ...api, send, define, create, [Symbol.asyncDispose]: api.close }
}

export function widget(name: string, rest: object = {}): object {
  return { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name }, ...rest }
}

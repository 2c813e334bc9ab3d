import type { APIService, KindInfo } from '@skiff/api'
import { parseJson } from '@skiff/api'
import type { ApiResource } from '../discovery/api-groups.ts'
import { readAnswer } from '../http/read-answer.ts'
import type { UserInfo } from '../http/request-context.ts'
import { isJsonObject, type JsonObject } from '../patch/json-value.ts'
import type { ExtensionClient } from './extension-client.ts'

export interface Discovered {
  readonly resources: readonly ApiResource[]
  /** Of the index of OpenAPI v3, what is the version's own. */
  readonly openApiPaths: Readonly<Record<string, object>>
}

/** Upstream's aggregator asks under this name too. */
const AGGREGATOR: UserInfo = { name: 'system:kube-aggregator', groups: ['system:masters'] }
const TIMEOUT_MS = 5_000
const ANSWER_LIMIT_BYTES = 3 * 1024 * 1024

/** What an extension server says of itself. Throws Error when it doesn't answer its group and version. */
export async function askExtension(client: ExtensionClient, service: APIService, signal: AbortSignal): Promise<Discovered> {
  const { group = '', version = '' } = service.spec
  const place = `apis/${group}/${version}`
  const list = await getJson(client, service, { path: `/${place}`, signal })
  const index = await getJson(client, service, { path: '/openapi/v3', signal }).catch((): JsonObject => ({}))
  const entry = isJsonObject(index.paths) ? index.paths[place] : undefined
  return {
    resources: resourcesOf(list, { group, version }),
    openApiPaths: isJsonObject(entry) ? { [place]: entry } : {},
  }
}

async function getJson(
  client: ExtensionClient,
  service: APIService,
  { path, signal }: { readonly path: string; readonly signal: AbortSignal },
): Promise<JsonObject> {
  const until = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)])
  const headers = { accept: 'application/json', connection: 'close' }
  const { response } = await client.request(service, { method: 'GET', path, headers, user: AGGREGATOR, signal: until })
  const text = await readAnswer(response, ANSWER_LIMIT_BYTES)
  if (response.statusCode !== 200) throw new Error(`bad status from ${path}: ${response.statusCode}`)
  const { value } = parseJson(text)
  if (!isJsonObject(value)) throw new Error(`${path} is no object`)
  return value
}

/** An APIResourceList as discovery here keeps it. */
function resourcesOf(list: JsonObject, { group, version }: { readonly group: string; readonly version: string }): ApiResource[] {
  const entries = (Array.isArray(list.resources) ? list.resources : []).filter(isJsonObject)
  const verbsOf = (entry: JsonObject) => texts(entry.verbs)
  return entries
    .filter(({ name }) => typeof name === 'string' && !name.includes('/'))
    .map((entry) => ({
      info: kindOf(entry, { group, version }),
      verbs: verbsOf(entry),
      subresources: entries
        .filter(({ name }) => typeof name === 'string' && name.startsWith(`${String(entry.name)}/`))
        .map((each) => ({
          name: String(each.name).slice(String(entry.name).length + 1),
          kind: kindOf(each, { group: textOr(each.group, group), version: textOr(each.version, version) }),
          verbs: verbsOf(each),
        })),
    }))
}

function kindOf(entry: JsonObject, { group, version }: { readonly group: string; readonly version: string }): KindInfo {
  return {
    group: textOr(entry.group, group),
    version: textOr(entry.version, version),
    kind: textOr(entry.kind, ''),
    resource: textOr(entry.name, ''),
    singular: textOr(entry.singularName, ''),
    namespaced: entry.namespaced === true,
    shortNames: texts(entry.shortNames),
    categories: texts(entry.categories),
  }
}

function textOr(value: unknown, fallback: string): string {
  return typeof value === 'string' && value !== '' ? value : fallback
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []
}

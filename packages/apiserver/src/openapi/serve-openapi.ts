import type { ApiGroup, ApiVersion } from '../discovery/api-groups.ts'
import { type HttpAnswer, jsonAnswer, textAnswer, withEtag } from '../http/http-answer.ts'
import { parseAccept } from '../http/negotiation.ts'
import { documentHash, type OpenApiDocuments } from './documents.ts'

interface OpenApiRequest {
  readonly path: string
  readonly accept: string | undefined
  readonly ifNoneMatch: string | undefined
  readonly query: URLSearchParams
  /** Documents of extension servers, by their places. */
  readonly remotePaths?: Readonly<Record<string, object>>
}

const V3 = '/openapi/v3'
const FAR_FUTURE_EXPIRES = 'Fri, 01 Jan 2100 00:00:00 GMT'

/** Undefined: the path is none of OpenAPI's. */
export function serveOpenApi(
  documents: OpenApiDocuments,
  groups: readonly ApiGroup[],
  request: OpenApiRequest,
): HttpAnswer | undefined {
  if (request.path === '/openapi/v2') return swaggerAnswer(documents, groups, request)
  if (request.path === V3) return withEtag(jsonAnswer(200, index(groups, request.remotePaths)), request.ifNoneMatch)
  if (!request.path.startsWith(`${V3}/`)) return undefined
  const found = findVersion(groups, request.path.slice(V3.length + 1))
  return found === undefined ? textAnswer(404, '404 page not found\n') : documentAnswer(documents, found, request)
}

interface Found {
  readonly group: ApiGroup
  readonly version: ApiVersion
  readonly place: string
}

function index(groups: readonly ApiGroup[], remotePaths: Readonly<Record<string, object>> = {}): object {
  const paths: Record<string, object> = {}
  for (const found of allVersions(groups)) {
    paths[found.place] = { serverRelativeURL: `${V3}/${found.place}?hash=${documentHash(found.group, found.version)}` }
  }
  return { paths: { ...paths, ...remotePaths } }
}

function allVersions(groups: readonly ApiGroup[]): Found[] {
  return groups.flatMap((group) => group.versions.map((version) => ({ group, version, place: placeOf(group, version) })))
}

function placeOf(group: ApiGroup, { version }: ApiVersion): string {
  return group.name === '' ? `api/${version}` : `apis/${group.name}/${version}`
}

function findVersion(groups: readonly ApiGroup[], place: string): Found | undefined {
  return allVersions(groups).find((each) => each.place === place)
}

function documentAnswer(documents: OpenApiDocuments, found: Found, { query, ifNoneMatch }: OpenApiRequest): HttpAnswer {
  const hash = documentHash(found.group, found.version)
  const asked = query.get('hash')
  if (asked !== null && asked !== hash) {
    return { status: 301, headers: { location: `${V3}/${found.place}?hash=${hash}` }, body: Buffer.alloc(0) }
  }
  const forGood = { 'cache-control': 'public, immutable', expires: FAR_FUTURE_EXPIRES }
  const headers = { 'content-type': 'application/json', vary: 'Accept', ...(asked === null ? {} : forGood) }
  return withEtag({ status: 200, headers, body: documents.v3(found.group, found.version), gzipped: true }, ifNoneMatch)
}

const PROTOBUF_V2 = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'

/** Old kubectls ask for protobuf, under a media type that they can't parse themselves when it is sent back. */
function swaggerAnswer(
  documents: OpenApiDocuments,
  groups: readonly ApiGroup[],
  { accept, ifNoneMatch }: OpenApiRequest,
): HttpAnswer {
  const wantsProtobuf = parseAccept(accept ?? '').some(({ type }) => type.includes('proto-openapi'))
  const body = documents.v2(groups, wantsProtobuf ? 'protobuf' : 'json')
  const headers = { 'content-type': wantsProtobuf ? PROTOBUF_V2 : 'application/json', vary: 'Accept' }
  return withEtag({ status: 200, headers, body, gzipped: true }, ifNoneMatch)
}

import { createHash } from 'node:crypto'
import type { ApiGroup, ApiVersion } from '../discovery/api-groups.ts'
import { SERVER_VERSION } from '../discovery/version.ts'
import { type HttpAnswer, jsonAnswer, textAnswer, withEtag } from '../http/http-answer.ts'
import { parseAccept } from '../http/negotiation.ts'
import { openApiDocument } from './document.ts'

interface OpenApiRequest {
  readonly path: string
  readonly accept: string | undefined
  readonly ifNoneMatch: string | undefined
  readonly query: URLSearchParams
}

const V3 = '/openapi/v3'
const FAR_FUTURE_EXPIRES = 'Fri, 01 Jan 2100 00:00:00 GMT'

/** Undefined: the path is none of OpenAPI's. */
export function serveOpenApi(groups: readonly ApiGroup[], request: OpenApiRequest): HttpAnswer | undefined {
  if (request.path === '/openapi/v2') return withEtag(openApiV2(request.accept), request.ifNoneMatch)
  if (request.path === V3) return withEtag(jsonAnswer(200, index(groups)), request.ifNoneMatch)
  if (!request.path.startsWith(`${V3}/`)) return undefined
  const found = findVersion(groups, request.path.slice(V3.length + 1))
  return found === undefined ? textAnswer(404, '404 page not found\n') : documentAnswer(found, request)
}

interface Found {
  readonly group: ApiGroup
  readonly version: ApiVersion
  readonly place: string
}

function index(groups: readonly ApiGroup[]): object {
  const paths: Record<string, object> = {}
  for (const found of allVersions(groups)) {
    paths[found.place] = { serverRelativeURL: `${V3}/${found.place}?hash=${hashOf(found)}` }
  }
  return { paths }
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

/** Documents follow from the resources and from this program: both are in the hash, so that no document need be made for it. */
function hashOf({ group, version }: Found): string {
  const text = JSON.stringify([SERVER_VERSION.gitVersion, SERVER_VERSION.gitCommit, group.name, version])
  return createHash('sha256').update(text).digest('hex').slice(0, 32).toUpperCase()
}

function documentAnswer(found: Found, { query, ifNoneMatch }: OpenApiRequest): HttpAnswer {
  const hash = hashOf(found)
  const asked = query.get('hash')
  if (asked !== null && asked !== hash) {
    return { status: 301, headers: { location: `${V3}/${found.place}?hash=${hash}` }, body: Buffer.alloc(0) }
  }
  const forGood = { 'cache-control': 'public, immutable', expires: FAR_FUTURE_EXPIRES }
  const headers = { vary: 'Accept', ...(asked === null ? {} : forGood) }
  return withEtag(jsonAnswer(200, openApiDocument(found.group, found.version), headers), ifNoneMatch)
}

const PROTOBUF_V2 = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'

/** gnostic's Document{1: "2.0", 2: Info{1: title, 2: version}}: all that old kubectls need to go on. */
function openApiV2(accept: string | undefined): HttpAnswer {
  const info = { title: 'Kubernetes', version: SERVER_VERSION.gitVersion }
  const wantsProtobuf = parseAccept(accept ?? '').some(({ type }) => type.includes('proto-openapi'))
  if (!wantsProtobuf) return jsonAnswer(200, { swagger: '2.0', info, paths: {}, definitions: {} })
  const message = Buffer.concat([
    field(1, Buffer.from('2.0')),
    field(2, Buffer.concat([field(1, Buffer.from(info.title)), field(2, Buffer.from(info.version))])),
  ])
  return { status: 200, headers: { 'content-type': PROTOBUF_V2, vary: 'Accept' }, body: message }
}

/** A length-delimited protobuf field of less than 128 bytes. */
function field(number: number, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes])
}

/** From a request's body to an object of the resource's kind. Words as kube-apiserver's. */

import {
  ApiError,
  apiVersionOf,
  badRequest,
  cannotHandle,
  type Decoded,
  decodeObject,
  decodeProtobuf,
  invalid,
  invalidObject,
  type KubeObject,
  metaSchema,
  parseJson,
  schemaOf,
  type TypeSchema,
} from '@skiff/api'
import { untypedConfig } from '../apply/index.ts'
import type { Call } from '../http/call.ts'
import { parseMediaType } from '../http/negotiation.ts'
import { parseYaml } from '../http/parse-yaml.ts'
import type { CustomKind, ResourceDefinition } from '../registry/resource-definition.ts'
import type { ResourceRegistry } from '../registry/resource-registry.ts'
import type { FieldValidation } from './write-options.ts'

type BodyFormat = 'json' | 'yaml' | 'protobuf'

interface RawBody {
  readonly value: Record<string, unknown>
  readonly duplicates: readonly string[]
  /** Typed already: there is nothing unknown in it. */
  readonly typed: boolean
}

/** What decoding needs of a request. */
export type DecodableBody = Pick<Call, 'contentType' | 'body' | 'warn'>

/** The object that the path's resource takes. Throws BadRequest and UnsupportedMediaType. */
export function decodeBody(call: Call, mode: FieldValidation): KubeObject {
  const { info, definition } = call.registry
  const expected = { group: info.group, version: info.version, kind: info.kind }
  return definition.custom === undefined
    ? decodeBodyAs(call, expected, mode)
    : decodeCustom(call, definition.custom, { ...expected, mode })
}

/** Custom resources have no protobuf. */
function decodeCustom(call: Call, { decode }: CustomKind, expected: ExpectedKind & { mode: FieldValidation }): KubeObject {
  if (formatOf(call.contentType) === 'protobuf') throw unsupportedMediaType('application/json, application/yaml')
  const raw = readBody(call, expected, expected.mode)
  checkKind(raw.value, expected)
  const { object, warnings } = decode(raw.value, { mode: expected.mode, duplicates: raw.duplicates })
  for (const warning of warnings) call.warn(warning)
  return withMetadata({ ...object, apiVersion: apiVersionOf(expected), kind: expected.kind })
}

export interface ExpectedKind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

/** The same for a body of another kind than the path's (Scale, Binding, Eviction). */
export function decodeBodyAs(call: DecodableBody, expected: ExpectedKind, mode: FieldValidation): KubeObject {
  const raw = readBody(call, expected, mode)
  checkKind(raw.value, expected)
  const apiVersion = apiVersionOf(expected)
  const object = { ...typedValue(call, raw, { ...expected, mode }), apiVersion, kind: expected.kind }
  return withMetadata(object)
}

function typedValue(
  call: DecodableBody,
  raw: RawBody,
  expected: ExpectedKind & { mode: FieldValidation },
): Record<string, unknown> {
  const schema = schemaOf(expected.group, expected.version, expected.kind)
  if (raw.typed || schema === undefined) return raw.value
  const { object, warnings } = decodeObject(schema, raw.value, { mode: expected.mode, duplicates: raw.duplicates })
  for (const warning of warnings) call.warn(warning)
  return object
}

/** A patched object: types are checked again, in the words for patches. */
export function decodePatched(call: Call, value: unknown, mode: FieldValidation): KubeObject {
  const { kind } = call.registry.info
  try {
    const { object, warnings } = decodeAs(call.registry, value, mode)
    for (const warning of warnings) call.warn(warning)
    return withMetadata({ ...object, apiVersion: call.registry.apiVersion, kind })
  } catch (error) {
    if (!(error instanceof ApiError) || error.reason !== 'BadRequest') throw error
    throw invalidPatch(call, error.message.replace(/^.* cannot be handled as a [^:]*: /, ''))
  }
}

/** 422 on the field `patch`, of an object that upstream doesn't name. */
function invalidPatch(call: Call, why: string): ApiError {
  const patch = call.body.toString('utf8').slice(0, SHOWN_PATCH_LENGTH)
  return invalidObject({ group: '', kind: '' }, '', [invalid('patch', patch, why)])
}

const SHOWN_PATCH_LENGTH = 1024

function decodeAs({ definition }: ResourceRegistry, value: unknown, mode: FieldValidation): Decoded {
  const { custom } = definition
  return custom === undefined
    ? decodeObject(requireSchema(definition), value, { mode })
    : custom.decode(structuredClone(value), { mode })
}

/** The fields of a kind, be it built in or declared. */
export function requireSchema({ info, custom }: Pick<ResourceDefinition, 'info' | 'custom'>): TypeSchema {
  const { group, version, kind } = info
  const schema = custom?.schema ?? schemaOf(group, version, kind)
  if (schema === undefined) throw new Error(`there is no schema for ${group}/${version} ${kind}`)
  return schema
}

/** Options in a body (DeleteOptions): kind and apiVersion may be missing. */
export function decodeOptions(call: Call, kind: 'DeleteOptions'): Record<string, unknown> {
  const raw = readBody(call, { group: '', version: 'v1', kind }, 'Ignore')
  const said = raw.value.kind
  if (said !== undefined && said !== '' && said !== kind) {
    throw badRequest(`${String(said)} cannot be handled as a ${kind}`)
  }
  return raw.typed ? raw.value : decodeObject(metaSchema(kind), raw.value, { mode: 'Ignore' }).object
}

function withMetadata(object: Record<string, unknown>): KubeObject {
  object.metadata ??= {}
  return object as unknown as KubeObject
}

function readBody(call: DecodableBody, expected: ExpectedKind, mode: FieldValidation): RawBody {
  const { kind } = expected
  const format = formatOf(call.contentType)
  if (format === 'protobuf') {
    const { object } = decodeProtobuf(call.body, { fallback: { apiVersion: apiVersionOf(expected), kind } })
    return { value: object, duplicates: [], typed: true }
  }
  const { value, duplicates } = parseText(call.body, { format, kind, mode })
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return { value: value as Record<string, unknown>, duplicates, typed: false }
  }
  const type = Array.isArray(value) ? 'array' : typeof value
  throw unrecognized(kind, `json: cannot unmarshal ${type} into Go value of type ${TYPE_META}`, call.body)
}

const TYPE_META = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'

interface TextBody {
  readonly format: 'json' | 'yaml'
  readonly kind: string
  readonly mode: FieldValidation
}

function parseText(body: Buffer, { format, kind, mode }: TextBody): { value: unknown; duplicates: readonly string[] } {
  const text = decodeUtf8(body)
  try {
    if (format === 'yaml') return { value: parseYaml(text), duplicates: [] }
    return parseJson(text, { findDuplicates: mode !== 'Ignore' })
  } catch (error) {
    if (format === 'json' && error instanceof ApiError) throw unrecognized(kind, error.message, body)
    throw error
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true })

/** Throws BadRequest for bytes that are not UTF-8. */
export function decodeUtf8(body: Buffer): string {
  try {
    return UTF8.decode(body)
  } catch {
    throw badRequest('the body is not valid UTF-8')
  }
}

function unrecognized(kind: string, why: string, body: Buffer): ApiError {
  return badRequest(
    `the object provided is unrecognized (must be of type ${kind}): couldn't get version/kind; json parse error: ${why} (${summary(body)})`,
  )
}

const SUMMARY_LENGTH = 30

function summary(body: Buffer): string {
  if (body.length === 0) return '<empty>'
  const text = body[0] === 0x7b ? body.toString('utf8') : body.toString('hex')
  return text.length > SUMMARY_LENGTH ? `${text.slice(0, SUMMARY_LENGTH)} ...` : text
}

const ACCEPTED = 'application/json, application/yaml, application/vnd.kubernetes.protobuf'

function formatOf(contentType: string): BodyFormat {
  switch (parseMediaType(contentType).type) {
    case '':
    case 'application/json':
    case '*/*':
      return 'json'
    case 'application/yaml':
      return 'yaml'
    case 'application/vnd.kubernetes.protobuf':
      return 'protobuf'
    default:
      throw unsupportedMediaType(ACCEPTED)
  }
}

export function unsupportedMediaType(accepted: string): ApiError {
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted}`
  return new ApiError('UnsupportedMediaType', message)
}

function checkKind(value: Record<string, unknown>, expected: ExpectedKind): void {
  const apiVersion = apiVersionOf(expected)
  const kind = textOr(value.kind, expected.kind)
  const version = textOr(value.apiVersion, apiVersion)
  if (kind === expected.kind && version === apiVersion) return
  const said = { name: kind, version }
  const known = schemaOf(...groupVersion(version), kind) !== undefined
  const why = known
    ? `converting (${goPackage(version)}.${kind}) to (${expected.group.split('.')[0] || 'core'}.${expected.kind}): unknown conversion`
    : `no kind "${kind}" is registered for version "${version}" in scheme "pkg/api/legacyscheme/scheme.go:30"`
  throw badRequest(cannotHandle(said, why).message.replace(`handled as a ${kind}:`, `handled as a ${expected.kind}:`))
}

/** Go names packages by version. */
function goPackage(apiVersion: string): string {
  return groupVersion(apiVersion)[1]
}

function groupVersion(apiVersion: string): [string, string] {
  const [version = '', group = ''] = apiVersion.split('/').reverse()
  return [group, version]
}

function textOr(value: unknown, fallback: string): string {
  return typeof value === 'string' && value !== '' ? value : fallback
}

/**
 * What is applied server-side: kind and apiVersion are required, and nothing unknown is let through, whatever `mode`
 * says: it only chooses the words, upstream's of an apply patch (500) or, with Strict, those of any other body (400).
 */
export function decodeApplyConfig(call: Call, value: unknown, mode: 'Warn' | 'Strict'): KubeObject {
  const { kind } = call.registry.info
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw badRequest('error decoding YAML: not an object')
  const said = value as Record<string, unknown>
  if (said.apiVersion !== call.registry.apiVersion) {
    const expected = `expected: ${call.registry.apiVersion}`
    throw badRequest(
      `Incorrect version specified in apply patch. Specified patch version: ${textOr(said.apiVersion, '')}, ${expected}`,
    )
  }
  if (said.kind !== kind) throw badRequest(`Incorrect kind specified in apply patch: ${textOr(said.kind, '')}, expected: ${kind}`)
  const { object, warnings } = decodeAs(call.registry, said, mode)
  if (warnings.length > 0) throw undeclared(call, warnings)
  const config = withMetadata({ ...object, apiVersion: call.registry.apiVersion, kind })
  checkApplyMetadata(call, config)
  return config
}

function undeclared(call: Call, warnings: readonly string[]): ApiError {
  const { apiVersion, info } = call.registry
  const problems = warnings.map((warning) => `.${/"(.*)"/.exec(warning)?.[1] ?? ''}: field not declared in schema`)
  return untypedConfig({ apiVersion, kind: info.kind, namespace: call.info.namespace, name: call.info.name }, problems)
}

function checkApplyMetadata(call: Call, config: KubeObject): void {
  const { metadata } = config
  if (metadata.managedFields !== undefined) throw badRequest('metadata.managedFields must be nil')
  if (metadata.name !== undefined && metadata.name !== '' && metadata.name !== call.info.name) {
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${call.info.name})`)
  }
  metadata.name = call.info.name
  if (!call.registry.info.namespaced) return
  const { namespace = call.info.namespace } = metadata
  if (namespace !== call.info.namespace) throw badRequest('the namespace of the object does not match the namespace on the URL')
  metadata.namespace = namespace
}

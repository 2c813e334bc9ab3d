/**
 * Reads `application/vnd.kubernetes.protobuf` bodies into the objects their JSON would have been. Typed Go clients send
 * nothing else; answers go out as JSON, so there is no encoder.
 */

import { badRequest } from '../errors.ts'
import type { Embedded, FieldSchema, TypeSchema, ValueType } from '../schema/schema.ts'
import { schemaOf, schemaOfObject } from '../schema/schema-registry.ts'
import { MAX_JSON_DEPTH, parseJson } from './parse-json.ts'
import { WIRE_BYTES, WireReader } from './wire-reader.ts'
import { isZero, readWireScalar } from './wire-scalars.ts'
import { zeroValue } from './zero-value.ts'

export const PROTOBUF_MEDIA_TYPE = 'application/vnd.kubernetes.protobuf'

/** `k8s` and a zero byte. */
const MAGIC = Buffer.from([0x6b, 0x38, 0x73, 0x00])

export interface DecodedProtobuf {
  readonly object: Record<string, unknown>
  readonly schema: TypeSchema
}

export interface ProtobufDecodeOptions {
  /** What the body is when it doesn't say so. */
  readonly fallback?: { readonly apiVersion: string; readonly kind: string }
}

/** Throws BadRequest for anything but a whole object of a built-in kind. */
export function decodeProtobuf(body: Buffer, options: ProtobufDecodeOptions = {}): DecodedProtobuf {
  if (body.length < MAGIC.length || !body.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw badRequest('provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]')
  }
  const envelope = readEnvelope(new WireReader(body, MAGIC.length))
  const apiVersion = envelope.apiVersion || (options.fallback?.apiVersion ?? '')
  const kind = envelope.kind || (options.fallback?.kind ?? '')
  const schema = schemaOfObject(apiVersion, kind)
  if (schema === undefined) throw badRequest(`no kind "${kind}" is registered for version "${apiVersion}"`)
  return { schema, object: { apiVersion, kind, ...readMessage(schema, new WireReader(envelope.raw), 0) } }
}

interface Envelope {
  readonly apiVersion: string
  readonly kind: string
  readonly raw: Buffer
}

/** runtime.Unknown, whose TypeMeta is numbered the other way round than meta/v1's. */
function readEnvelope(reader: WireReader): Envelope {
  let apiVersion = ''
  let kind = ''
  let raw: Buffer = Buffer.alloc(0)
  while (!reader.done) {
    const { number, wireType } = reader.tag()
    if (wireType !== WIRE_BYTES) reader.skip(wireType)
    else if (number === 1) ({ apiVersion, kind } = readTypeMeta(reader.message()))
    else if (number === 2) raw = reader.bytes()
    else if (number === 3 && reader.string() !== '') throw badRequest('protobuf bodies with a content encoding are not supported')
    else if (number > 3) reader.skip(wireType)
  }
  return { apiVersion, kind, raw }
}

function readTypeMeta(reader: WireReader): { apiVersion: string; kind: string } {
  const meta = { apiVersion: '', kind: '' }
  while (!reader.done) {
    const { number, wireType } = reader.tag()
    if (number === 1 && wireType === WIRE_BYTES) meta.apiVersion = reader.string()
    else if (number === 2 && wireType === WIRE_BYTES) meta.kind = reader.string()
    else reader.skip(wireType)
  }
  return meta
}

type JsonObject = Record<string, unknown>

function readMessage(schema: TypeSchema, reader: WireReader, depth: number): JsonObject {
  if (depth > MAX_JSON_DEPTH) throw badRequest('exceeded max depth')
  const members = membersByNumber(schema)
  const object: JsonObject = {}
  while (!reader.done) {
    const { number, wireType } = reader.tag()
    const member = members.get(number)
    if (member === undefined) reader.skip(wireType)
    else if (isEmbedded(member)) Object.assign(object, readMessage(member.schema, messageIn({ reader, wireType }), depth + 1))
    else readField(object, member, { reader, wireType, depth })
  }
  return object
}

type Member = FieldSchema | Embedded

/** A memo of a pure function of constants: schemas live as long as the program. */
const memberMemo = new WeakMap<TypeSchema, ReadonlyMap<number, Member>>()

function membersByNumber(schema: TypeSchema): ReadonlyMap<number, Member> {
  let members = memberMemo.get(schema)
  if (members === undefined) {
    members = new Map([...schema.ownFields, ...schema.embedded].map((member): [number, Member] => [member.number, member]))
    memberMemo.set(schema, members)
  }
  return members
}

function isEmbedded(member: Member): member is Embedded {
  return 'schema' in member
}

interface WireField {
  readonly reader: WireReader
  readonly wireType: number
  readonly depth: number
}

function readField(object: JsonObject, field: FieldSchema, wire: WireField): void {
  const { name, type } = field
  if (type.kind === 'list' && !type.wrapped) {
    const list = (object[name] ?? []) as unknown[]
    object[name] = list
    readItems(list, type.items, wire)
  } else if (type.kind === 'map') {
    const map = (object[name] ?? {}) as JsonObject
    object[name] = map
    readEntry(map, type.values, wire)
  } else {
    const value = readValue(type, wire)
    if (isSet(field, value)) object[name] = value
  }
}

/** Writers always send what is no pointer: there zero means unset, unless JSON would show it as well. */
function isSet(field: FieldSchema, value: unknown): boolean {
  if (value === undefined) return false
  if (field.pointer || !isZero(field.type.kind, value)) return true
  return field.always && field.type.kind !== 'IntOrString'
}

/** One item, or several scalars packed into one field. */
function readItems(list: unknown[], items: ValueType, wire: WireField): void {
  const isNumeric = items.kind === 'int32' || items.kind === 'int64' || items.kind === 'bool'
  if (!isNumeric || wire.wireType !== WIRE_BYTES) {
    list.push(readValue(items, wire) ?? null)
    return
  }
  const packed = wire.reader.message()
  while (!packed.done) list.push(readWireScalar(items.kind, packed, 0))
}

function readEntry(map: JsonObject, values: ValueType, wire: WireField): void {
  const reader = messageIn(wire)
  let key = ''
  let value: unknown
  while (!reader.done) {
    const { number, wireType } = reader.tag()
    if (number === 1 && wireType === WIRE_BYTES) key = reader.string()
    else if (number === 2) value = readValue(values, { reader, wireType, depth: wire.depth })
    else reader.skip(wireType)
  }
  if (key === '__proto__') throw badRequest('the key "__proto__" is not supported')
  map[key] = value ?? zeroValue(values)
}

/** Undefined for an empty time, which is how Go writes none. */
function readValue(type: ValueType, wire: WireField): unknown {
  const { depth } = wire
  switch (type.kind) {
    case 'object':
      return readMessage(type.schema, messageIn(wire), depth + 1)
    case 'list':
      return readWrappedList(type.items, messageIn(wire), depth)
    case 'map':
      throw badRequest('proto: a map inside a map or list is not supported')
    case 'FieldsV1':
    case 'RawExtension':
    case 'JSON':
      return readRawJson(messageIn(wire))
    case 'JSONSchemaPropsOrBool':
    case 'JSONSchemaPropsOrArray':
    case 'JSONSchemaPropsOrStringArray':
      return readSchemaOr(type.kind, messageIn(wire), depth)
    default:
      return readWireScalar(type.kind, wire.reader, wire.wireType)
  }
}

function messageIn({ reader, wireType }: Pick<WireField, 'reader' | 'wireType'>): WireReader {
  if (wireType !== WIRE_BYTES) throw badRequest(`proto: wrong wireType = ${wireType} for a message`)
  return reader.message()
}

function readWrappedList(items: ValueType, reader: WireReader, depth: number): unknown[] {
  const list: unknown[] = []
  while (!reader.done) {
    const { number, wireType } = reader.tag()
    if (number === 1) readItems(list, items, { reader, wireType, depth })
    else reader.skip(wireType)
  }
  return list
}

function readRawJson(reader: WireReader): unknown {
  let text = ''
  while (!reader.done) {
    const { number, wireType } = reader.tag()
    if (number === 1 && wireType === WIRE_BYTES) text = reader.string()
    else reader.skip(wireType)
  }
  return text === '' ? undefined : parseJson(text).value
}

/** The three unions of CustomResourceDefinitions: a schema, or else a bool, schemas or names. */
function readSchemaOr(kind: string, reader: WireReader, depth: number): unknown {
  const schema = schemaOf('apiextensions.k8s.io', 'v1', 'JSONSchemaProps')
  if (schema === undefined) throw new Error('the table of apiextensions.k8s.io/v1 lacks JSONSchemaProps')
  const propsAt = kind === 'JSONSchemaPropsOrBool' ? 2 : 1
  let props: JsonObject | undefined
  let allows = false
  const list: unknown[] = []
  while (!reader.done) {
    const { number, wireType } = reader.tag()
    if (number === propsAt) props = readMessage(schema, reader.message(), depth + 1)
    else if (number === 1) allows = reader.varint() !== 0
    else if (number === 2)
      list.push(kind === 'JSONSchemaPropsOrArray' ? readMessage(schema, reader.message(), depth + 1) : reader.string())
    else reader.skip(wireType)
  }
  return props ?? (kind === 'JSONSchemaPropsOrBool' ? allows : list)
}

/**
 * Reads the tables of the built-in types: the facts of Kubernetes 1.36's Go types (names, protobuf numbers, markers),
 * none of their text. Their format, a line a field:
 *
 *     kind Deployment            a type with apiVersion and kind; `type` is one without
 *      spec DeploymentSpec 2     JSON name, type, protobuf number, then flags
 *      ...VolumeSource 2         a struct whose fields stand among these in JSON
 *
 * Types: `*T` (a pointer), `[]T`, `map[string]T`, `wrapped[]T` (a list that is a message in protobuf),
 * `core.T` and `meta.T` (of another table), and the scalars of schema.ts.
 * Flags: `required`, `always`, `patch=`, `key=`, `list=map(a,b)`, `map=`, `default=` (JSON); after a type's name `atomic`.
 */

import type { Embedded, FieldSchema, ObjectType, ScalarKind, TypeSchema, ValueType } from './schema.ts'

/** One Go package of upstream's: the types of one group and version. */
export interface TypePackage {
  /** `core`, `rbac`: as other tables refer to it and as its OpenAPI name has it. */
  readonly name: string
  readonly group: string
  readonly version: string
  readonly openApiPrefix: string
  readonly table: string
}

export type ResolveType = (packageName: string, typeName: string) => TypeSchema

/** The types of a table by name. Only their places are noted here: a type's lines are read when it is first used. */
export function parseTable(typePackage: TypePackage, resolve: ResolveType): ReadonlyMap<string, TypeSchema> {
  const types = new Map<string, TypeSchema>()
  for (const block of typePackage.table.split(/\n(?=kind |type )/)) {
    const [, what, name, atomic] = /^\n?(kind|type) (\w+)( atomic)?/.exec(block) ?? []
    if (name === undefined) continue
    const options = { name, isKind: what === 'kind', atomic: atomic !== undefined }
    types.set(name, new LazyType(typePackage, options, block, resolve))
  }
  return types
}

interface Members {
  readonly ownFields: readonly FieldSchema[]
  readonly embedded: readonly Embedded[]
  readonly fields: ReadonlyMap<string, FieldSchema>
}

class LazyType implements TypeSchema {
  readonly name: string
  readonly group: string
  readonly version: string
  readonly isKind: boolean
  readonly atomic: boolean
  readonly #package: TypePackage
  readonly #resolve: ResolveType
  #block: string
  #members: Members | undefined

  constructor(
    typePackage: TypePackage,
    options: Pick<TypeSchema, 'name' | 'isKind' | 'atomic'>,
    block: string,
    resolve: ResolveType,
  ) {
    this.name = options.name
    this.isKind = options.isKind
    this.atomic = options.atomic
    this.group = typePackage.group
    this.version = typePackage.version
    this.#package = typePackage
    this.#block = block
    this.#resolve = resolve
  }

  get fields(): ReadonlyMap<string, FieldSchema> {
    return this.#parsed().fields
  }

  get ownFields(): readonly FieldSchema[] {
    return this.#parsed().ownFields
  }

  get embedded(): readonly Embedded[] {
    return this.#parsed().embedded
  }

  get goName(): string {
    return `${this.version}.${this.name}`
  }

  get openApiName(): string {
    return `${this.#package.openApiPrefix}.${this.name}`
  }

  #parsed(): Members {
    if (this.#members === undefined) {
      this.#members = parseMembers(this.#block, this.#package.name, this.#resolve)
      this.#block = ''
    }
    return this.#members
  }
}

function parseMembers(block: string, packageName: string, resolve: ResolveType): Members {
  const ownFields: FieldSchema[] = []
  const embedded: Embedded[] = []
  const fields = new Map<string, FieldSchema>()
  for (const line of block.split('\n')) {
    if (!line.startsWith(' ')) continue
    if (line.startsWith(' ...')) {
      const [type = '', number] = line.slice(4).split(' ')
      const schema = resolve(packageName, type)
      embedded.push({ number: Number(number), schema })
      for (const [name, field] of schema.fields) fields.set(name, field)
    } else {
      const field = parseField(line.slice(1), packageName, resolve)
      ownFields.push(field)
      fields.set(field.name, field)
    }
  }
  return { ownFields, embedded, fields }
}

function parseField(line: string, packageName: string, resolve: ResolveType): FieldSchema {
  const [name = '', type = '', number, ...flags] = line.split(' ')
  const pointer = type.startsWith('*')
  return {
    name,
    number: Number(number),
    type: parseType(pointer ? type.slice(1) : type, packageName, resolve),
    pointer,
    required: flags.includes('required'),
    always: flags.includes('always'),
    patchStrategy: [],
    ...Object.assign({}, ...flags.map(parseFlag)),
  }
}

function parseFlag(flag: string): Partial<FieldSchema> {
  const equals = flag.indexOf('=')
  const value = flag.slice(equals + 1)
  switch (flag.slice(0, equals)) {
    case 'patch':
      return { patchStrategy: value.split(',') }
    case 'key':
      return { patchMergeKey: value }
    case 'list':
      return parseListType(value)
    case 'map':
      return { mapType: value === 'atomic' ? 'atomic' : 'granular' }
    case 'default':
      return { default: JSON.parse(value) as string | number | boolean }
    default:
      return {}
  }
}

function parseListType(text: string): Partial<FieldSchema> {
  if (text === 'atomic' || text === 'set') return { listType: text }
  return { listType: 'map', listMapKeys: text.slice('map('.length, -1).split(',') }
}

const SCALAR_KINDS: readonly ScalarKind[] = [
  'string',
  'int32',
  'int64',
  'float64',
  'bool',
  'bytes',
  'Time',
  'MicroTime',
  'Duration',
  'Quantity',
  'IntOrString',
  'FieldsV1',
  'RawExtension',
  'JSON',
  'JSONSchemaPropsOrBool',
  'JSONSchemaPropsOrArray',
  'JSONSchemaPropsOrStringArray',
]

const SCALARS: ReadonlyMap<string, ValueType> = new Map(SCALAR_KINDS.map((kind) => [kind, { kind }]))

function parseType(text: string, packageName: string, resolve: ResolveType): ValueType {
  if (text.startsWith('[]')) return { kind: 'list', items: parseType(text.slice(2), packageName, resolve), wrapped: false }
  if (text.startsWith('wrapped[]')) return { kind: 'list', items: parseType(text.slice(9), packageName, resolve), wrapped: true }
  if (text.startsWith('map[string]')) return { kind: 'map', values: parseType(text.slice(11), packageName, resolve) }
  const scalar = SCALARS.get(text)
  if (scalar !== undefined) return scalar
  const dot = text.indexOf('.')
  return dot < 0 ? referTo(packageName, text, resolve) : referTo(text.slice(0, dot), text.slice(dot + 1), resolve)
}

function referTo(packageName: string, typeName: string, resolve: ResolveType): ObjectType {
  let schema: TypeSchema | undefined
  return {
    kind: 'object',
    get schema() {
      schema ??= resolve(packageName, typeName)
      return schema
    },
  }
}

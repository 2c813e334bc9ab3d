import {
  cannotHandle,
  type Decoded,
  type DecodeOptions,
  decodeObject,
  type KindInfo,
  metaSchema,
  type TypeSchema,
} from '@skiff/api'
import { isJsonObject, type JsonObject } from '../patch/json-value.ts'
import { additionalOf, type JsonSchema, propertyOf } from './schema/json-schema.ts'
import { pruneResource } from './schema/prune.ts'

/** Reads custom resources of one version: metadata as every kind's, the rest pruned by the schema. Changes what it is given. */
export function customDecoder(info: KindInfo, schema: JsonSchema): (value: unknown, options?: DecodeOptions) => Decoded {
  const metadataOnly = metadataSchema(info)
  return (value, { mode = 'Warn', duplicates = [] } = {}) => {
    const object = value as JsonObject
    const unknown: string[] = []
    readMetadata(metadataOnly, object, (field) => unknown.push(field))
    readEmbedded(metadataOnly, object, schema, (field) => unknown.push(field))
    pruneResource(object, schema, (path) => unknown.push(`unknown field ${JSON.stringify(path)}`))
    if (mode === 'Ignore') return { object, warnings: [] }
    const warnings = [...duplicates, ...unknown.sort()]
    if (mode === 'Strict' && warnings.length > 0) {
      throw cannotHandle({ name: info.kind, version: info.version }, `strict decoding error: ${warnings.join(', ')}`)
    }
    return { object, warnings }
  }
}

/** As much of a kind as all have in common. */
function metadataSchema({ group, version, kind }: KindInfo): TypeSchema {
  const metadata = { kind: 'object', schema: metaSchema('ObjectMeta') } as const
  const field = { name: 'metadata', number: 1, type: metadata, pointer: true, required: false, always: false, patchStrategy: [] }
  return {
    ...{ name: kind, group, version, goName: `${version}.${kind}`, openApiName: '', isKind: true, atomic: false },
    ...{ fields: new Map([['metadata', field]]), ownFields: [], embedded: [] },
  }
}

/** Throws BadRequest for metadata of a wrong type. */
function readMetadata(schema: TypeSchema, object: JsonObject, tell: (unknown: string) => void): void {
  if (object.metadata === undefined) return
  const { object: read, warnings } = decodeObject(schema, { metadata: object.metadata })
  object.metadata = read.metadata
  for (const warning of warnings) tell(warning)
}

/** Objects inside of the object have metadata as well. */
function readEmbedded(meta: TypeSchema, value: unknown, schema: JsonSchema, tell: (unknown: string) => void, path = ''): void {
  if (Array.isArray(value)) {
    const { items } = schema
    if (items !== undefined)
      for (const [index, item] of value.entries()) readEmbedded(meta, item, items, tell, `${path}[${index}]`)
    return
  }
  if (!isJsonObject(value)) return
  if (path !== '' && schema['x-kubernetes-embedded-resource'] === true && isJsonObject(value.metadata)) {
    readMetadata(meta, value, (warning) => tell(warning.replace('"metadata', `"${path}.metadata`)))
  }
  for (const [key, inner] of Object.entries(value)) {
    const property = propertyOf(schema, key) ?? additionalOf(schema)
    if (property !== undefined) readEmbedded(meta, inner, property, tell, path === '' ? key : `${path}.${key}`)
  }
}

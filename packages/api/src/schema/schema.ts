/** What the server knows of the built-in types: the shapes the table is parsed into. */

export type ScalarKind =
  | 'string'
  | 'int32'
  | 'int64'
  | 'float64'
  | 'bool'
  /** base64 in JSON */
  | 'bytes'
  /** RFC 3339 in whole seconds */
  | 'Time'
  /** RFC 3339 with six digits of fraction */
  | 'MicroTime'
  /** Go's `1h30m` */
  | 'Duration'
  | 'Quantity'
  | 'IntOrString'
  /** any object */
  | 'FieldsV1'
  /** any value */
  | 'RawExtension'
  | 'JSON'
  | 'JSONSchemaPropsOrBool'
  | 'JSONSchemaPropsOrArray'
  | 'JSONSchemaPropsOrStringArray'

export interface ScalarType {
  readonly kind: ScalarKind
}

export interface ObjectType {
  readonly kind: 'object'
  /** Looked up when first asked for: types refer to one another, and to themselves. */
  readonly schema: TypeSchema
}

export interface ListType {
  readonly kind: 'list'
  readonly items: ValueType
  /** On the protobuf wire the list is a message of its own with the items as field 1. */
  readonly wrapped: boolean
}

export interface MapType {
  readonly kind: 'map'
  readonly values: ValueType
  /** Of a value that no schema describes: objects are maps of such values, anything else is one value. */
  readonly deduced?: true
}

export type ValueType = ScalarType | ObjectType | ListType | MapType

export interface FieldSchema {
  /** As JSON has it. */
  readonly name: string
  /** Protobuf field number. */
  readonly number: number
  readonly type: ValueType
  /** A pointer in Go: absent and zero are two things. */
  readonly pointer: boolean
  readonly required: boolean
  /** Written even when it is zero (upstream has it without `omitempty`, or it is a plain struct). */
  readonly always: boolean
  /** Of the strategic merge patch: `merge`, `replace`, `retainKeys`. */
  readonly patchStrategy: readonly string[]
  readonly patchMergeKey?: string
  readonly listType?: 'atomic' | 'set' | 'map'
  readonly listMapKeys?: readonly string[]
  readonly mapType?: 'atomic' | 'granular'
  readonly default?: string | number | boolean
}

/** A struct whose fields stand among its parent's in JSON, but are a message of their own in protobuf. */
export interface Embedded {
  readonly number: number
  readonly schema: TypeSchema
}

export interface PublishedSchema {
  readonly v3: { readonly [key: string]: unknown }
  /** In the words of Swagger. */
  readonly v2: { readonly [key: string]: unknown }
  /** The types that it refers to. */
  readonly refers: readonly TypeSchema[]
}

export interface TypeSchema {
  /** `Pod`, `PodSpec`. */
  readonly name: string
  /** API group, '' for core. */
  readonly group: string
  readonly version: string
  /** Whether it has `apiVersion` and `kind`. */
  readonly isKind: boolean
  /** Server-side apply owns it as a whole. */
  readonly atomic: boolean
  /** By JSON name, those of embedded structs included; without `apiVersion` and `kind`. */
  readonly fields: ReadonlyMap<string, FieldSchema>
  /** Its own fields, as protobuf has them. */
  readonly ownFields: readonly FieldSchema[]
  readonly embedded: readonly Embedded[]
  /** `v1.PodSpec`, as upstream's decoding errors name it. */
  readonly goName: string
  /** `io.k8s.api.core.v1.PodSpec`. */
  readonly openApiName: string
  /** Of a custom resource: as OpenAPI publishes it, instead of what would follow from the fields. */
  readonly published?: PublishedSchema
}

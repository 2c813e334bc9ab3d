import type { FieldSchema, ListType, TypeSchema, ValueType } from '@skiff/api'

/** What server-side apply sees in a value of a type: a leaf, something with fields, or a list with items of their own. */
export type Shape =
  | { readonly kind: 'leaf' }
  | { readonly kind: 'struct'; readonly schema: TypeSchema }
  | { readonly kind: 'map'; readonly values: ValueType }
  | { readonly kind: 'list'; readonly type: ListType; readonly field: FieldSchema }

const LEAF: Shape = { kind: 'leaf' }

/** `field` is where the type stands, if it is a field's: list and map kinds are said there. */
export function shapeOf(type: ValueType | undefined, field: FieldSchema | undefined): Shape {
  switch (type?.kind) {
    case 'object':
      return type.schema.atomic || field?.mapType === 'atomic' ? LEAF : { kind: 'struct', schema: type.schema }
    case 'map':
      return field?.mapType === 'atomic' ? LEAF : { kind: 'map', values: type.values }
    case 'list':
      return field?.listType === 'set' || field?.listType === 'map' ? { kind: 'list', type, field } : LEAF
    default:
      return LEAF
  }
}

/** What upstream's struct has in a field that nobody set; undefined where it has nothing (pointers, omitted fields). */
export function zeroOf(field: FieldSchema | undefined): unknown {
  if (!field?.always || field.pointer) return undefined
  switch (field.type.kind) {
    case 'object':
    case 'map':
      return EMPTY_OBJECT
    case 'list':
      return EMPTY_LIST
    case 'string':
      return ''
    case 'int32':
    case 'int64':
    case 'float64':
      return 0
    case 'bool':
      return false
    default:
      return undefined
  }
}

const EMPTY_OBJECT = Object.freeze({})
const EMPTY_LIST: readonly unknown[] = Object.freeze([])

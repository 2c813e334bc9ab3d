import type { TypeSchema, ValueType } from '@skiff/api'
import type { CelObject, CelType } from '../../cel/index.ts'

/** A kind's type as expressions see it, made out of its schema. */
export function celTypeOfSchema(schema: TypeSchema): CelType {
  return new TypeMaker().objectOf(schema, true)
}

class TypeMaker {
  /** Types refer to one another, and to themselves. */
  readonly #known = new Map<TypeSchema, CelObject>()

  objectOf(schema: TypeSchema, isRoot = false): CelType {
    const known = this.#known.get(schema)
    if (known !== undefined) return known
    const fields = new Map<string, CelType>(
      isRoot
        ? [
            ['apiVersion', 'string'],
            ['kind', 'string'],
          ]
        : [],
    )
    const type: CelObject = { kind: 'object', plainNames: true, fields }
    this.#known.set(schema, type)
    for (const [name, field] of schema.fields) fields.set(name, this.typeOf(field.type))
    return type
  }

  typeOf(type: ValueType): CelType {
    switch (type.kind) {
      case 'object':
        return this.objectOf(type.schema)
      case 'list':
        return { kind: 'list', items: this.typeOf(type.items) }
      case 'map':
        return type.deduced ? 'dyn' : { kind: 'map', values: this.typeOf(type.values) }
      case 'string':
      case 'Quantity':
      case 'Duration':
        return 'string'
      case 'int32':
      case 'int64':
        return 'int'
      case 'float64':
        return 'double'
      case 'bool':
      case 'bytes':
        return type.kind
      case 'Time':
      case 'MicroTime':
        return 'timestamp'
      default:
        return 'dyn'
    }
  }
}

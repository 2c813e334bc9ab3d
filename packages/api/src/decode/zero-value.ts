import type { ValueType } from '../schema/schema.ts'

/** The zero value that Go puts where a list or map holds a null. */
export function zeroValue({ kind }: ValueType): unknown {
  switch (kind) {
    case 'object':
    case 'map':
      return {}
    case 'list':
      return []
    case 'bool':
      return false
    case 'int32':
    case 'int64':
    case 'float64':
    case 'IntOrString':
      return 0
    case 'Quantity':
      return '0'
    case 'string':
    case 'bytes':
      return ''
    default:
      return null
  }
}

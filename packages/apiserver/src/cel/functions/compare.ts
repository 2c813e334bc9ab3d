import { Duration, UnsignedInt } from '@marcbachmann/cel-js/evaluator'
import { jsonEquals } from '../../patch/json-value.ts'
import { CelRecord } from '../evaluator.ts'

/** CEL's equality: numbers by value whatever their type. */
export function celEquals(left: unknown, right: unknown): boolean {
  if (left === right) return true
  const [a, b] = [plainNumber(left), plainNumber(right)]
  if (isNumber(a) && isNumber(b)) return !(a < b) && !(a > b)
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((item, index) => celEquals(item, right[index]))
  }
  if (left instanceof CelRecord && right instanceof CelRecord) return jsonEquals(left.raw, right.raw)
  if (left instanceof Map && right instanceof Map) {
    return left.size === right.size && [...left].every(([key, item]) => right.has(key) && celEquals(item, right.get(key)))
  }
  if (left instanceof Date && right instanceof Date) return left.getTime() === right.getTime()
  if (left instanceof Duration && right instanceof Duration) return left.seconds === right.seconds && left.nanos === right.nanos
  if (left instanceof Uint8Array && right instanceof Uint8Array) return Buffer.from(left).equals(right)
  return false
}

/** Below, equal or above; undefined for what can't be ordered. */
export function celCompare(left: unknown, right: unknown): number | undefined {
  const [a, b] = [plainNumber(left), plainNumber(right)]
  if (isNumber(a) && isNumber(b)) return a < b ? -1 : a > b ? 1 : 0
  if (typeof left === 'string' && typeof right === 'string') return left < right ? -1 : left > right ? 1 : 0
  if (typeof left === 'boolean' && typeof right === 'boolean') return Number(left) - Number(right)
  if (left instanceof Date && right instanceof Date) return left.getTime() - right.getTime()
  if (left instanceof Duration && right instanceof Duration) return left.valueOf() - right.valueOf()
  return undefined
}

function plainNumber(value: unknown): unknown {
  return value instanceof UnsignedInt ? value.value : value
}

function isNumber(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint'
}

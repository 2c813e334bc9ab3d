import type { FieldSchema, TypeSchema, ValueType } from '@skiff/api'
import { put } from './put.ts'
import type { Random } from './random.ts'

const ODD_TEXTS = [
  '',
  ' ',
  '0',
  '-1',
  'a',
  'A_b',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '../../etc/passwd',
  '\u0000',
  '\ud800',
  '\u202e',
  'é'.repeat(40),
  'x'.repeat(64),
  'x'.repeat(254),
  'x'.repeat(5_000),
  '*',
  'a/b/c',
  'a.b.c/d',
  '1e400',
  '9999999999999999999999',
  '-1Ki',
  '1h',
  '$(A)',
  '2026-13-45T99:99:99Z',
  '2026-01-01T00:00:00Z',
  '::1',
  '10.96.0.7',
  '300.1.1.1',
  'http://[',
  '%zz',
  'a=b,c notin (d',
] as const

const ODD_VALUES: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1,
  1.5,
  65_535,
  65_536,
  2 ** 31,
  2 ** 53,
  -(2 ** 63),
  1e308,
  [],
  {},
  [[]],
  [null],
  [{}],
  { a: {} },
  { name: 'a' },
  ['a', 'a'],
  [{ name: 'a' }, { name: 'a' }],
]

export function oddText(random: Random): string {
  return random.pick(ODD_TEXTS)
}

/** Something that a client might send where nobody expects it. A copy: whoever gets it may change it. */
export function oddValue(random: Random): unknown {
  return random.chance(0.4) ? oddText(random) : structuredClone(random.pick(ODD_VALUES))
}

const DEEPEST = 6

/** A value of the type, as a careless client writes it: the right shape, seldom the right content. */
export function valueOfType(type: ValueType, random: Random, depth = 0): unknown {
  if (random.chance(0.03)) return oddValue(random)
  switch (type.kind) {
    case 'object':
      return objectOf(type.schema, random, depth + 1)
    case 'list':
      return Array.from({ length: random.below(3) }, () => valueOfType(type.items, random, depth + 1))
    case 'map':
      return mapOf(type.values, random, depth)
    case 'int32':
    case 'int64':
    case 'float64':
      return random.pick([0, 1, 2, 80, 443, 30_000, -1, 600, 65_536, 1.5, 2 ** 31, 2 ** 53])
    case 'bool':
      return random.chance(0.5)
    case 'bytes':
      return random.pick(['', 'eA==', 'not base64!', 'eA'])
    case 'Time':
    case 'MicroTime':
      return random.pick(['2026-01-01T00:00:00Z', '2026-01-01T00:00:00.000001Z', 'yesterday', null])
    case 'Duration':
      return random.pick(['1h', '0s', '-1s', 'soon'])
    case 'Quantity':
      return random.pick(['1', '100m', '1Gi', '1e3', '-1', '0', '1.5Ki', 'much', 5, 1e30])
    case 'IntOrString':
      return random.pick([0, 1, '50%', '101%', 'http', '-5', 70_000])
    case 'string':
      return random.chance(0.7) ? random.pick(PLAIN_TEXTS) : oddText(random)
    default:
      return random.chance(0.5) ? { a: 1 } : oddValue(random)
  }
}

const PLAIN_TEXTS = [
  'a',
  'b',
  'web',
  'default',
  'TCP',
  'UDP',
  'Always',
  'Never',
  'Exists',
  'Equal',
  'NoSchedule',
  'ClusterIP',
  'Pod',
  'v1',
]

function objectOf(schema: TypeSchema, random: Random, depth: number): Record<string, unknown> {
  const fields = [...schema.fields.values()].filter((field) => isWanted(field, random, depth))
  const object = Object.fromEntries(fields.map((field) => [field.name, valueOfType(field.type, random, depth)]))
  if (random.chance(0.03)) put(object, oddText(random), oddValue(random))
  return object
}

function isWanted({ required, type }: FieldSchema, random: Random, depth: number): boolean {
  if (depth > DEEPEST && (type.kind === 'object' || type.kind === 'list')) return false
  return random.chance(required ? 0.8 : 0.6 / (depth + 1))
}

function mapOf(values: ValueType, random: Random, depth: number): Record<string, unknown> {
  const entries = Array.from({ length: random.below(3) }, () => {
    const key = random.chance(0.8) ? random.pick(['a', 'b', 'cpu', 'memory', 'app', 'example.com/x']) : oddText(random)
    return [key, valueOfType(values, random, depth + 1)] as const
  })
  return Object.fromEntries(entries)
}

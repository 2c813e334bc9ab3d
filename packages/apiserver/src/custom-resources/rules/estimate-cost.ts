/**
 * What a rule could cost at worst, from the sizes that the schema allows: rules that no object could ever pass within
 * the limits are refused when they are declared. Rougher than cel-go's estimate, on the low side.
 */

import type { Node } from '../../cel/index.ts'
import { additionalOf, type JsonSchema, propertyOf } from '../schema/json-schema.ts'

const REQUEST_BYTES = 3 * 1024 * 1024
const STEP = 1

interface Estimate {
  readonly cost: number
  /** What the value is, as far as it is known. */
  readonly schema?: JsonSchema | undefined
  /** How many characters, items or entries it may have. */
  readonly size: number
}

type Scope = ReadonlyMap<string, JsonSchema | undefined>

/** How often values of the schema may stand in one object; `undefined`: as often as a request has room for them. */
export type Cardinality = number | undefined

export function estimatedCost(root: Node, schema: JsonSchema, cardinality: Cardinality): number {
  const times = cardinality ?? REQUEST_BYTES / (smallestJson(schema) + 1)
  return (
    estimate(
      root,
      new Map([
        ['self', schema],
        ['oldSelf', schema],
      ]),
    ).cost * Math.max(1, times)
  )
}

/** Under a list or a map, values stand as often as that may have items. */
export function cardinalityBelow(above: Cardinality, limit: number | undefined): Cardinality {
  return above === undefined || limit === undefined ? undefined : above * limit
}

function estimate(node: Node, scope: Scope): Estimate {
  switch (node.op) {
    case 'value':
      return { cost: 0, size: typeof node.args === 'string' ? node.args.length : 1 }
    case 'id':
      return { cost: STEP, schema: scope.get(String(node.args)), size: sizeOf(scope.get(String(node.args))) }
    case '.':
    case '.?':
      return selection(node, scope)
    case 'rcall':
      return methodCall(node.args as [string, Node, Node[]], scope)
    default:
      return combination(childrenOf(node.args), scope, COMPARED.has(node.op))
  }
}

const COMPARED = new Set(['==', '!=', 'in', '+'])

function selection(node: Node, scope: Scope): Estimate {
  const [from, name] = node.args as [Node, string]
  const left = estimate(from, scope)
  const schema = left.schema && (propertyOf(left.schema, name) ?? additionalOf(left.schema))
  return { cost: left.cost + STEP, schema, size: sizeOf(schema) }
}

const LOOPS = new Set(['all', 'exists', 'exists_one', 'existsOne', 'map', 'filter', 'transformList', 'transformMap'])

function methodCall([name, receiver, args]: [string, Node, Node[]], scope: Scope): Estimate {
  const over = estimate(receiver, scope)
  const [variable] = args
  if (!LOOPS.has(name) || variable?.op !== 'id') {
    const rest = combination(args, scope, false)
    return { cost: over.cost + rest.cost + STEP + over.size / 10, size: over.size }
  }
  const bodies = args.slice(1)
  const item = itemOf(over.schema)
  const inner = new Map(scope).set(String(variable.args), item)
  const second = bodies.length > 1 && bodies[0]?.op === 'id' ? String(bodies[0].args) : undefined
  if (second !== undefined) inner.set(second, item)
  const each = bodies.reduce((cost, body) => cost + estimate(body, inner).cost, STEP)
  return { cost: over.cost + over.size * each, size: over.size }
}

function combination(nodes: readonly Node[], scope: Scope, compared: boolean): Estimate {
  const parts = nodes.map((node) => estimate(node, scope))
  const cost = parts.reduce((sum, part) => sum + part.cost, STEP)
  const smallest = Math.min(...parts.map(({ size }) => size))
  return { cost: compared && parts.length > 0 ? cost + smallest / 10 : cost, size: 1 }
}

function itemOf(schema: JsonSchema | undefined): JsonSchema | undefined {
  if (schema?.type === 'array') return schema.items
  return schema?.type === 'object' ? { type: 'string' } : undefined
}

function sizeOf(schema: JsonSchema | undefined): number {
  switch (schema?.type) {
    case 'string':
      return schema.enum === undefined
        ? (schema.maxLength ?? (schema.format === undefined ? REQUEST_BYTES : 64))
        : Math.max(0, ...schema.enum.map((value) => String(value).length))
    case 'array':
      return schema.maxItems ?? REQUEST_BYTES / (smallestJson(schema.items ?? {}) + 1)
    case 'object':
      return schema.maxProperties ?? REQUEST_BYTES / (smallestJson(additionalOf(schema) ?? {}) + 4)
    default:
      return 1
  }
}

/** The bytes that a value takes at least. */
function smallestJson(schema: JsonSchema): number {
  switch (schema.type) {
    case 'boolean':
      return 4
    case 'integer':
    case 'number':
      return 1
    case 'object': {
      const needed = schema.required ?? []
      return needed.reduce((bytes, name) => bytes + name.length + 4 + smallestJson(propertyOf(schema, name) ?? {}), 2)
    }
    default:
      return schema.type === undefined ? 1 : 2
  }
}

function childrenOf(args: unknown): Node[] {
  if (Array.isArray(args)) return args.flatMap(childrenOf)
  return typeof args === 'object' && args !== null && 'op' in args ? [args as Node] : []
}

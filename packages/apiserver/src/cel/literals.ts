import type { Node, TypeName } from './evaluator.ts'

interface Mixture {
  readonly node: Node
  readonly expected: TypeName
  readonly found: TypeName
}

/**
 * The first element of a list or map literal that is of another type than those before it. What `format` is given may be
 * mixed. For a checked expression.
 */
export function mixedLiteral(literals: readonly Node[], exempt: ReadonlySet<Node>): Mixture | undefined {
  for (const literal of literals) {
    if (exempt.has(literal)) continue
    const rows = literal.op === 'list' ? [literal.args as Node[]] : columns(literal.args as [Node, Node][])
    for (const row of rows) {
      const mixture = mixedRow(row)
      if (mixture !== undefined) return mixture
    }
  }
  return undefined
}

function columns(entries: readonly [Node, Node][]): Node[][] {
  return [entries.map(([key]) => key), entries.map(([, value]) => value)]
}

function mixedRow(nodes: readonly Node[]): Mixture | undefined {
  const [first, ...rest] = nodes
  const expected = first?.checkedType
  if (expected === undefined || isOpen(expected)) return undefined
  for (const node of rest) {
    const found = node.checkedType
    if (found !== undefined && !isOpen(found) && found.name !== expected.name) return { node, expected, found }
  }
  return undefined
}

/** Not known, or not all of it: an empty list goes with any. */
function isOpen(type: TypeName): boolean {
  return (
    type.kind === 'dyn' ||
    type.kind === 'param' ||
    [type.keyType, type.valueType].some((part) => part !== undefined && isOpen(part))
  )
}

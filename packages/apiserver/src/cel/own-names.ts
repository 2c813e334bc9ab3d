/**
 * Functions that the CEL library has otherwise than Kubernetes (JavaScript's regular expressions, which can hang; UTF-16
 * where CEL counts characters): an expression that calls them is made to call our own, under a name that nobody writes.
 */

import type { Node } from './evaluator.ts'

const PREFIX = '__own_'

const OWN = new Set([
  'matches',
  'indexOf',
  'lastIndexOf',
  'substring',
  'split',
  'trim',
  'lowerAscii',
  'upperAscii',
  'getDayOfMonth',
  'getDayOfYear',
])

/** To register one of ours under. */
export function ownFunction(name: string): string {
  return PREFIX + name
}

/** As expressions write it. */
export function ownName(name: string): string {
  return name.startsWith(PREFIX) ? name.slice(PREFIX.length) : name
}

/** Turns calls in a parsed expression to ours; `visit` sees every node on the way. */
export function callOwnFunctions(node: Node, visit: (node: Node) => void): void {
  visit(node)
  if (node.op === 'rcall') {
    const args = node.args as unknown[]
    if (OWN.has(String(args[0]))) args[0] = PREFIX + String(args[0])
  }
  for (const child of childrenOf(node.args)) callOwnFunctions(child, visit)
}

function childrenOf(args: unknown): Node[] {
  if (Array.isArray(args)) return args.flatMap(childrenOf)
  return isNode(args) ? [args] : []
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value && 'setMeta' in value
}

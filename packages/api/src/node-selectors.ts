/** Node selector terms, as pods and volumes say which nodes are meant (k8s.io/component-helpers/scheduling/corev1/nodeaffinity). */

import type { Node } from './types.ts'

/** One `matchExpressions` or `matchFields` row of a node selector term. */
interface Requirement {
  key: string
  operator: string
  values?: string[]
}

export interface NodeSelectorTerm {
  matchExpressions?: Requirement[]
  matchFields?: Requirement[]
}

/** Terms are alternatives, a term's rows must all hold, and a term without rows matches nothing (as upstream has it). */
export function nodeMatchesAnyTerm(node: Node, terms: readonly NodeSelectorTerm[]): boolean {
  return terms.some((term) => nodeMatchesTerm(node, term))
}

export function nodeMatchesTerm(node: Node, term: NodeSelectorTerm): boolean {
  const expressions = term.matchExpressions ?? []
  const fields = term.matchFields ?? []
  if (expressions.length === 0 && fields.length === 0) return false
  const labels = node.metadata.labels ?? {}
  return (
    expressions.every((row) => requirementHolds(row, labels[row.key])) &&
    fields.every((row) => requirementHolds(row, row.key === 'metadata.name' ? node.metadata.name : undefined))
  )
}

/** An absent value satisfies NotIn and DoesNotExist; Gt and Lt compare integers. */
function requirementHolds({ operator, values = [] }: Requirement, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    case 'Gt':
      return integer(value) > integer(values[0])
    case 'Lt':
      return integer(value) < integer(values[0])
    default:
      return false
  }
}

/** NaN for what isn't an integer, so that every comparison with it is false. */
function integer(value: string | undefined): number {
  return value !== undefined && /^[-+]?\d+$/.test(value) ? Number(value) : Number.NaN
}

/** Errors of the CEL library in the words and form of kube-apiserver's (cel-go). */

import { EvaluationError } from '@marcbachmann/cel-js'
import type { Node, TypeName } from './evaluator.ts'
import { ownName } from './own-names.ts'

interface CelFailure {
  readonly code: string
  readonly summary: string
  readonly node?: unknown
  readonly range?: { readonly start: number }
}

/** `ERROR: <input>:1:5: undefined field 'z'` with the line and a mark below it. */
export function compileMessage(expression: string, error: unknown): string {
  const failure = error as CelFailure
  const node = failure.node as Node | undefined
  const position =
    node === undefined || node.op === undefined ? (failure.range?.start ?? 0) : positionOf(expression, node, failure.code)
  return located(expression, position, problemOf(failure, node))
}

export function located(expression: string, position: number, problem: string): string {
  const before = expression.slice(0, position).split('\n')
  const line = before.length
  const column = before.at(-1)?.length ?? 0
  const text = expression.split('\n')[line - 1] ?? ''
  return `ERROR: <input>:${line}:${column + 1}: ${problem}\n | ${text}\n | ${'.'.repeat(column)}^`
}

function problemOf({ code, summary }: CelFailure, node: Node | undefined): string {
  switch (code) {
    case 'unknown_variable':
      return `undeclared reference to '${String(node?.args)}' (in container '')`
    case 'no_such_key':
      return `undefined field '${summary.replace(/^No such key: /, '')}'`
    case 'no_matching_overload':
      return callProblem(node)
    case 'no_such_overload':
      return operatorProblem(node)
    case 'cannot_index_type':
      return `type '${typeText(operandsOf(node)[0])}' does not support field selection`
    default:
      return SYNTAX_CODES.test(code) ? `Syntax error: ${summary}` : summary
  }
}

const SYNTAX_CODES =
  /^(parse_error|unexpected|expected|invalid_(escape|unicode|hex|octal|number|integer|exponent)|unterminated|newline|reserved|octal|bytes_)/

function callProblem(node: Node | undefined): string {
  if (node === undefined || !Array.isArray(node.args)) return 'found no matching overload'
  const name = ownName(String(node.args[0]))
  const isMember = node.op === 'rcall'
  const receiver = isMember ? `${typeText(node.args[1] as Node)}.` : ''
  const types = ((isMember ? node.args[2] : node.args[1]) as Node[]).map(typeText)
  return `found no matching overload for '${name}' applied to '${receiver}(${types.join(', ')})'`
}

function operatorProblem(node: Node | undefined): string {
  const operands = operandsOf(node)
  const operator = node?.op.replace('_', '') ?? ''
  const name = operands.length === 1 ? `${operator}_` : operator === 'in' ? '@in' : `_${operator}_`
  return `found no matching overload for '${name}' applied to '(${operands.map(typeText).join(', ')})'`
}

function operandsOf(node: Node | undefined): Node[] {
  if (node === undefined) return []
  return (Array.isArray(node.args) ? node.args : [node.args]).filter((each) => typeof each === 'object') as Node[]
}

function typeText(node: Node | undefined): string {
  const type = node?.checkedType
  return type === undefined ? 'dyn' : typeName(type)
}

/** A type as cel-go names it. */
export function typeName(type: TypeName): string {
  switch (type.kind) {
    case 'list':
      return `list(${type.valueType === undefined ? 'dyn' : typeName(type.valueType)})`
    case 'map':
      return `map(${type.keyType === undefined ? 'dyn' : typeName(type.keyType)}, ${type.valueType === undefined ? 'dyn' : typeName(type.valueType)})`
    case 'message':
      return type.name
        .replace(/^object\d+$/, 'object')
        .replace(/^google\.protobuf\./, '')
        .replace(/^(Timestamp|Duration)$/, (name) => name.toLowerCase())
    default:
      return type.name
  }
}

/** Where cel-go points: at the dot of a selection, the parenthesis of a call, the operator between its operands. */
function positionOf(expression: string, node: Node, code: string): number {
  const args = Array.isArray(node.args) ? (node.args as unknown[]) : []
  const first = args[0] as Node | undefined
  switch (node.op) {
    case '.':
    case '.?':
      return code === 'unknown_variable' ? node.start : find(expression, first?.end ?? node.start, '.')
    case 'rcall':
      return find(expression, find(expression, (args[1] as Node).end, '.'), '(')
    case 'call':
      return find(expression, node.start, '(')
    case '[]':
    case '[?]':
      return find(expression, first?.end ?? node.start, '[')
    case '!_':
    case '-_':
    case 'id':
    case 'value':
    case 'list':
    case 'map':
      return node.start
    default:
      return find(expression, first?.end ?? node.start, node.op.charAt(0))
  }
}

function find(expression: string, from: number, text: string): number {
  const found = expression.indexOf(text, from)
  return found < 0 ? from : found
}

/** What went wrong while an expression was evaluated: `no such key: foo`. */
export function runtimeMessage(error: unknown): string {
  if (!(error instanceof EvaluationError)) return error instanceof Error ? error.message : String(error)
  const summary = error.summary
  switch (error.code) {
    case 'no_such_key':
      return summary.replace(/^No such key/, 'no such key')
    case 'index_out_of_bounds':
      return `index out of bounds: ${/index (-?\d+)/.exec(summary)?.[1] ?? ''}`
    case 'no_matching_overload':
    case 'no_such_overload':
      return 'no such overload'
    case 'unknown_variable':
      return summary.replace(/^Unknown variable: (.*)$/, 'no such attribute(s): $1')
    case 'numeric_overflow':
      return 'integer overflow'
    default:
      return summary
  }
}

import type { Environment } from '@marcbachmann/cel-js'
import { baseEnvironment } from './base-environment.ts'
import { type CelBudget, CostExceeded, CostMeter, EXPRESSION_COST_LIMIT } from './budget.ts'
import { type DeclaredTypes, declareTypes } from './declare-types.ts'
import { callReveal, type Evaluator, meterEvaluator, type Node } from './evaluator.ts'
import { mixedLiteral } from './literals.ts'
import { compileMessage, located, runtimeMessage, typeName } from './messages.ts'
import { callOwnFunctions } from './own-names.ts'
import type { CelType } from './types.ts'
import { typedValue } from './values.ts'

/** Adds types, functions and constants of its own to an environment (Kubernetes' `authorizer`). */
export type CelLibrary = (environment: Environment) => void

export interface CompileOptions {
  /** What the expression may name, with its type. */
  readonly variables: Readonly<Record<string, CelType>>
  /** What it must come to; `dyn` passes. Absent: anything. */
  readonly resultType?: 'bool' | 'string'
  readonly libraries?: readonly CelLibrary[]
}

export type Compiled =
  | { readonly ok: true; readonly program: CelProgram }
  /** `message` is in kube-apiserver's form: `ERROR: <input>:1:5: ...`. */
  | { readonly ok: false; readonly message: string }

export type CelOutcome =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly message: string; readonly costExceeded: boolean }

export interface CelProgram {
  /** The type it comes to: `bool`, `list<string>`, `dyn`. */
  readonly type: string
  /** The names of top-level variables that it uses. */
  readonly uses: ReadonlySet<string>
  readonly root: Node
  /**
   * Bindings are JSON, which is made into values of the declared types, or `CelValue`s, which are taken as they are. A
   * variable that is left out is unknown. Never throws, never takes longer than its cost limit allows, and takes what it
   * costs from the budget.
   */
  evaluate(bindings: Readonly<Record<string, unknown>>, budget: CelBudget): CelOutcome
}

/** Longer ones are refused by validation where they are declared; this is for whoever doesn't. */
const EXPRESSION_LENGTH_LIMIT = 64 * 1024

/** Checks an expression's syntax and types. */
export function compileCel(expression: string, options: CompileOptions): Compiled {
  if (expression.length > EXPRESSION_LENGTH_LIMIT) return { ok: false, message: 'expression is too long' }
  try {
    return compiled(expression, options)
  } catch (error) {
    return { ok: false, message: compileMessage(expression, error) }
  }
}

function compiled(expression: string, { variables, resultType, libraries = [] }: CompileOptions): Compiled {
  const { environment, reveal } = baseEnvironment()
  const own = environment.clone()
  for (const library of libraries) library(own)
  const types = declareTypes(own, variables, namesIn(expression))
  const parsed = own.parse(expression)
  const root = parsed.ast as unknown as Node
  const { compared, uses, literals, formatted } = survey(root, variables)
  const checked = parsed.check()
  if (!checked.valid) return { ok: false, message: compileMessage(expression, checked.error) }
  const mixture = mixedLiteral(literals, formatted)
  if (mixture !== undefined) {
    const problem = `expected type '${typeName(mixture.expected)}' but found '${typeName(mixture.found)}'`
    return { ok: false, message: located(expression, mixture.node.start, problem) }
  }
  const type = checked.type ?? 'dyn'
  if (resultType !== undefined && type !== resultType && type !== 'dyn') {
    return { ok: false, message: `must evaluate to ${resultType}` }
  }
  const meter = new CostMeter()
  meterEvaluator(evaluatorOf(own, reveal), meter, compared)
  const run = (bindings: Map<string, unknown>): unknown => parsed(bindings as unknown as Record<string, unknown>)
  return { ok: true, program: { type, uses, root, evaluate: evaluation({ run, meter, variables, types }) } }
}

/** What has to be known of an expression's parts, besides calling our own functions in it. */
function survey(root: Node, variables: CompileOptions['variables']) {
  const [compared, formatted, uses, literals] = [new Set<Node>(), new Set<Node>(), new Set<string>(), [] as Node[]]
  callOwnFunctions(root, (node) => {
    const args = node.args as unknown[]
    if (COMPARISONS.has(node.op)) for (const operand of args as Node[]) compared.add(operand)
    if (node.op === 'id' && Object.hasOwn(variables, String(node.args))) uses.add(String(node.args))
    if (node.op === 'list' || node.op === 'map') literals.push(node)
    if (node.op === 'call' && args[0] === 'has') checkSelection(node)
    if (node.op === 'rcall' && args[0] === 'format') for (const given of args[2] as Node[]) formatted.add(given)
  })
  return { compared, formatted, uses, literals }
}

/** `has(a.b)` of a field that there can't be is a mistake, which the library's own check lets pass. */
function checkSelection({ args, meta }: Node): void {
  const [selection] = (args as [string, Node[]])[1]
  const { macro } = meta
  if (macro === undefined || selection === undefined) return
  const { typeCheck } = macro
  macro.typeCheck = (checker, own, context) => {
    const type = typeCheck(checker, own, context)
    checker.check(selection, context)
    return type
  }
}

const COMPARISONS = new Set(['==', '!=', 'in'])

/** Fields that an expression doesn't name need not be declared for it. */
function namesIn(expression: string): ReadonlySet<string> {
  return new Set(expression.match(/[A-Za-z_]\w*/g))
}

function evaluatorOf(environment: Environment, reveal: (seen: (evaluator: Evaluator) => void) => void): Evaluator {
  let found: Evaluator | undefined
  reveal((evaluator) => {
    found = evaluator
  })
  callReveal(environment)
  if (found === undefined) throw new Error('the evaluator of an environment was not revealed')
  return found
}

interface Evaluation {
  readonly run: (bindings: Map<string, unknown>) => unknown
  readonly meter: CostMeter
  readonly variables: Readonly<Record<string, CelType>>
  readonly types: DeclaredTypes
}

function evaluation({ run, meter, variables, types }: Evaluation): CelProgram['evaluate'] {
  return (bindings, budget) => {
    if (budget.isSpent) return exceeded()
    meter.start(Math.min(EXPRESSION_COST_LIMIT, budget.left))
    try {
      const values = new Map<string, unknown>()
      for (const [name, type] of Object.entries(variables)) {
        const value = typedValue(bindings[name], type, types.record)
        if (value !== undefined) values.set(name, value)
      }
      const value = run(values)
      // An exceeded cost that || or && has swallowed is still one.
      return meter.isExceeded ? exceeded() : { ok: true, value }
    } catch (error) {
      if (meter.isExceeded || error instanceof CostExceeded || error instanceof RangeError) return exceeded()
      return { ok: false, message: runtimeMessage(error), costExceeded: false }
    } finally {
      budget.spend(meter.used)
    }
  }
}

function exceeded(): CelOutcome {
  return { ok: false, message: new CostExceeded().message, costExceeded: true }
}

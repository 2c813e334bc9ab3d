/**
 * The seams of the CEL library that its types don't name: macros are given the evaluator and the checker, and every node
 * but the root is evaluated through `run`, which is where costs are counted.
 */

import type { Environment } from '@marcbachmann/cel-js'
import type { CostMeter } from './budget.ts'

export interface Node {
  readonly op: string
  readonly args: unknown
  readonly pos: number
  readonly start: number
  readonly end: number
  readonly input: string
  checkedType?: TypeName
  readonly meta: { readonly macro?: Macro }
  evaluate(evaluator: Evaluator, node: Node, context: Context): unknown
  setMeta(key: string, value: unknown): Node
}

export interface TypeName {
  readonly name: string
  readonly kind: string
  readonly type: string
  readonly keyType?: TypeName
  readonly valueType?: TypeName
}

export interface Context {
  forkWithVariable(name: string, type: TypeName): OverlayContext
}

export interface OverlayContext extends Context {
  reuse(parent: Context): OverlayContext
  setIterValue(value: unknown, evaluator: Evaluator): OverlayContext
}

export interface Evaluator {
  run(node: Node, context: Context): unknown
  /** Set when an environment's evaluator is metered. */
  meter?: CostMeter
}

export interface Checker {
  check(node: Node, context: Context): TypeName
  getType(name: string): TypeName
  createError(code: string, message: string, node: Node): Error
}

/** What a macro's handler gives back: hooks for checking and evaluating. */
export interface Macro {
  /** Not bound to the macro. */
  typeCheck(checker: Checker, macro: Macro, context: Context): TypeName
  evaluate(evaluator: Evaluator, macro: Macro, context: Context): unknown
  readonly async?: boolean
}

export interface MacroCall {
  readonly ast: Node
  readonly args: readonly Node[]
  readonly receiver: Node
}

const REVEAL = '__evaluator__'

/** Gives the evaluators of this environment's clones to `seen` (by `callReveal`), so that they can be metered. */
export function revealEvaluator(environment: Environment, seen: (evaluator: Evaluator) => void): void {
  environment.registerFunction(
    `${REVEAL}(ast): bool`,
    (): Macro => ({
      typeCheck: (checker) => checker.getType('bool'),
      evaluate: (evaluator) => {
        seen(evaluator)
        return true
      },
      async: false,
    }),
  )
}

export function callReveal(environment: Environment): void {
  environment.evaluate(`${REVEAL}(0)`)
}

/** From here on `meter` is told of everything that the evaluator does. */
export function meterEvaluator(evaluator: Evaluator, meter: CostMeter, compared: ReadonlySet<Node>): void {
  evaluator.meter = meter
  evaluator.run = (node, context) => {
    meter.charge(1)
    const value = node.evaluate(evaluator, node, context)
    if (typeof value === 'string') meter.chargeSize(value.length)
    else if (typeof value === 'object' && value !== null) {
      meter.chargeSize(compared.has(node) ? deepSize(value, meter) : shallowSize(value))
    }
    return value
  }
}

function shallowSize(value: object): number {
  if (Array.isArray(value)) return value.length
  return value instanceof Map ? value.size : 0
}

/** What is compared is walked through as a whole. */
function deepSize(value: unknown, meter: CostMeter): number {
  meter.charge(1)
  if (typeof value === 'string') return value.length
  if (Array.isArray(value)) return value.reduce((size: number, item: unknown) => size + deepSize(item, meter), 1)
  if (value instanceof CelRecord) return deepSize(value.raw, meter)
  if (typeof value !== 'object' || value === null) return 1
  let size = 1
  for (const item of value instanceof Map ? value.values() : Object.values(value)) size += deepSize(item, meter)
  return size
}

/** An object of declared fields; each field is made into a value of its type when it is first read. */
export class CelRecord extends Map<string, unknown> {
  readonly raw: object
  readonly #read: (name: string) => unknown

  constructor(raw: object, read: (name: string) => unknown) {
    super()
    this.raw = raw
    this.#read = read
  }

  override get(name: string): unknown {
    if (super.has(name)) return super.get(name)
    const value = this.#read(name)
    super.set(name, value)
    return value
  }
}

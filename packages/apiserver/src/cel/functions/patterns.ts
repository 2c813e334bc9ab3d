import { GoRegExp } from '../../go-regexp/index.ts'
import type { Evaluator } from '../evaluator.ts'
import { failure } from './failure.ts'

/** Expressions use the same few patterns over and over. */
const KEPT_PATTERNS = 200

export class Patterns {
  readonly #kept = new Map<string, GoRegExp>()

  /** Ready for a text, whose cost is charged. */
  for(evaluator: Evaluator, pattern: string, text: string): GoRegExp {
    const expression = this.#kept.get(pattern) ?? this.#compile(pattern)
    evaluator.meter?.chargeSize(expression.cost(text.length))
    return expression
  }

  #compile(pattern: string): GoRegExp {
    let expression: GoRegExp
    try {
      expression = new GoRegExp(pattern)
    } catch (error) {
      throw failure(error instanceof Error ? error.message : String(error))
    }
    if (this.#kept.size >= KEPT_PATTERNS) this.#kept.clear()
    this.#kept.set(pattern, expression)
    return expression
  }
}

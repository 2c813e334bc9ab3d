import { GoRegExp } from '../../go-regexp/index.ts'

/** Matching takes time in proportion to text and pattern: what would take longer than half a second doesn't match. */
const STEP_LIMIT = 20_000_000

/** The regular expressions of one definition's schemas, each read once. */
export class SchemaPatterns {
  readonly #known = new Map<string, GoRegExp | undefined>()

  /** A pattern that can't be read (definitions with one are refused) matches everything. */
  matches(pattern: string, text: string): boolean {
    if (!this.#known.has(pattern)) this.#known.set(pattern, readPattern(pattern))
    const expression = this.#known.get(pattern)
    if (expression === undefined) return true
    return expression.cost(text.length) <= STEP_LIMIT && expression.test(text)
  }
}

function readPattern(pattern: string): GoRegExp | undefined {
  try {
    return new GoRegExp(pattern)
  } catch {
    return undefined
  }
}

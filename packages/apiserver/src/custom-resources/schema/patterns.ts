import { GoRegExp } from '../../go-regexp/index.ts'

/** The regular expressions of one definition's schemas, each read once. */
export class SchemaPatterns {
  readonly #known = new Map<string, GoRegExp | undefined>()

  /** A pattern that can't be read (definitions with one are refused) matches everything. */
  matches(pattern: string, text: string): boolean {
    if (!this.#known.has(pattern)) this.#known.set(pattern, readPattern(pattern))
    return this.#known.get(pattern)?.test(text) ?? true
  }
}

function readPattern(pattern: string): GoRegExp | undefined {
  try {
    return new GoRegExp(pattern)
  } catch {
    return undefined
  }
}

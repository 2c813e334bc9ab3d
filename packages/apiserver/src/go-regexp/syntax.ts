/** The parts of a Go regular expression (https://github.com/google/re2/wiki/Syntax). */

export type RegExpNode =
  | { readonly kind: 'empty' }
  | { readonly kind: 'char'; readonly matches: (codePoint: number) => boolean }
  | { readonly kind: 'assert'; readonly assertion: Assertion }
  | { readonly kind: 'sequence'; readonly parts: readonly RegExpNode[] }
  | { readonly kind: 'either'; readonly parts: readonly RegExpNode[] }
  | {
      readonly kind: 'repeat'
      readonly part: RegExpNode
      readonly min: number
      /** Infinity: no end. */
      readonly max: number
      readonly greedy: boolean
    }

export type Assertion = 'text-start' | 'text-end' | 'line-start' | 'line-end' | 'word-boundary' | 'no-word-boundary'

export class RegExpSyntaxError extends Error {
  override name = 'RegExpSyntaxError'
  constructor(problem: string, at?: string) {
    super(`error parsing regexp: ${problem}${at === undefined ? '' : `: \`${at}\``}`)
  }
}

/** As the engine's own limit on counted repetitions. */
export const REPEAT_LIMIT = 1000

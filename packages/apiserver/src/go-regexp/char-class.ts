/** What one character of a text may be. */

import { RegExpSyntaxError } from './syntax.ts'

export type CharMatcher = (codePoint: number) => boolean

type Range = readonly [first: number, last: number]

const DIGITS: readonly Range[] = [[0x30, 0x39]]
const SPACES: readonly Range[] = [
  [0x09, 0x0a],
  [0x0c, 0x0d],
  [0x20, 0x20],
]
const WORDS: readonly Range[] = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
]
const UPPER: Range = [0x41, 0x5a]
const LOWER: Range = [0x61, 0x7a]

/** `\d`, `\W` and their like; undefined for other letters. */
export function perlClass(letter: string): CharMatcher | undefined {
  const ranges = PERL[letter.toLowerCase()]
  if (ranges === undefined) return undefined
  const matches = inRanges(ranges)
  return letter === letter.toLowerCase() ? matches : not(matches)
}

const PERL: Readonly<Record<string, readonly Range[]>> = { d: DIGITS, s: SPACES, w: WORDS }

const POSIX: Readonly<Record<string, readonly Range[]>> = {
  alnum: [...DIGITS, UPPER, LOWER],
  alpha: [UPPER, LOWER],
  ascii: [[0x00, 0x7f]],
  blank: [
    [0x09, 0x09],
    [0x20, 0x20],
  ],
  cntrl: [
    [0x00, 0x1f],
    [0x7f, 0x7f],
  ],
  digit: DIGITS,
  graph: [[0x21, 0x7e]],
  lower: [LOWER],
  print: [[0x20, 0x7e]],
  punct: [
    [0x21, 0x2f],
    [0x3a, 0x40],
    [0x5b, 0x60],
    [0x7b, 0x7e],
  ],
  space: [
    [0x09, 0x0d],
    [0x20, 0x20],
  ],
  upper: [UPPER],
  word: WORDS,
  xdigit: [...DIGITS, [0x41, 0x46], [0x61, 0x66]],
}

/** `[:alpha:]` inside of a class; `name` may start with `^`. */
export function posixClass(name: string): CharMatcher | undefined {
  const negated = name.startsWith('^')
  const plain = negated ? name.slice(1) : name
  if (!Object.hasOwn(POSIX, plain)) return undefined
  const matches = inRanges(POSIX[plain] ?? [])
  return negated ? not(matches) : matches
}

/** `\p{Greek}`, `\pL`: general categories and scripts. */
export function unicodeClass(name: string, negated: boolean, at: string): CharMatcher {
  const inverse = name.startsWith('^')
  const plain = inverse ? name.slice(1) : name
  if (plain === 'Any') return negated === inverse ? () => true : () => false
  const expression = propertyExpression(plain)
  if (expression === undefined) throw new RegExpSyntaxError('invalid character class range', at)
  const matches: CharMatcher = (codePoint) => expression.test(String.fromCodePoint(codePoint))
  return negated === inverse ? matches : not(matches)
}

function propertyExpression(name: string): RegExp | undefined {
  if (!/^[A-Za-z_]+$/.test(name)) return undefined
  for (const property of [name, `Script=${name}`]) {
    try {
      return new RegExp(`^\\p{${property}}$`, 'u')
    } catch {
      // Not a category: maybe a script.
    }
  }
  return undefined
}

export function oneChar(codePoint: number): CharMatcher {
  return (given) => given === codePoint
}

export function inRanges(ranges: readonly Range[]): CharMatcher {
  return (codePoint) => ranges.some(([first, last]) => codePoint >= first && codePoint <= last)
}

export function anyOf(matchers: readonly CharMatcher[]): CharMatcher {
  return (codePoint) => matchers.some((matches) => matches(codePoint))
}

export function not(matches: CharMatcher): CharMatcher {
  return (codePoint) => !matches(codePoint)
}

/** Under `(?i)`: its other case matches as well. */
export function ignoringCase(matches: CharMatcher): CharMatcher {
  return (codePoint) => {
    if (matches(codePoint)) return true
    const char = String.fromCodePoint(codePoint)
    return [char.toLowerCase(), char.toUpperCase()].some(
      (other) => other !== char && other.codePointAt(1) === undefined && matches(other.codePointAt(0) ?? -1),
    )
  }
}

export function isWordChar(codePoint: number | undefined): boolean {
  return codePoint !== undefined && WORDS.some(([first, last]) => codePoint >= first && codePoint <= last)
}

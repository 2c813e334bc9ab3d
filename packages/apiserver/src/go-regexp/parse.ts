/** Reads Go's regular expressions, and refuses what they don't have (look-around, back-references), in Go's words. */

import {
  anyOf,
  type CharMatcher,
  ignoringCase,
  inRanges,
  not,
  oneChar,
  perlClass,
  posixClass,
  unicodeClass,
} from './char-class.ts'
import { type Assertion, REPEAT_LIMIT, type RegExpNode, RegExpSyntaxError } from './syntax.ts'

/** Throws RegExpSyntaxError. */
export function parseRegExp(pattern: string): RegExpNode {
  return new Parser(pattern).whole()
}

interface Flags {
  readonly ignoreCase: boolean
  readonly multiLine: boolean
  readonly dotAll: boolean
  readonly ungreedy: boolean
}

const NO_FLAGS: Flags = { ignoreCase: false, multiLine: false, dotAll: false, ungreedy: false }
const FLAG_NAMES: Readonly<Record<string, keyof Flags>> = { i: 'ignoreCase', m: 'multiLine', s: 'dotAll', U: 'ungreedy' }
const DEPTH_LIMIT = 200
const EMPTY: RegExpNode = { kind: 'empty' }

class Parser {
  readonly #pattern: string
  readonly #chars: readonly string[]
  #at = 0
  #flags = NO_FLAGS
  #depth = 0

  constructor(pattern: string) {
    this.#pattern = pattern
    this.#chars = [...pattern]
  }

  whole(): RegExpNode {
    const node = this.#either()
    if (this.#at < this.#chars.length) throw new RegExpSyntaxError('unexpected )', this.#pattern)
    return node
  }

  get #next(): string | undefined {
    return this.#chars[this.#at]
  }

  #rest(from = this.#at): string {
    return this.#chars.slice(from).join('')
  }

  #between(from: number): string {
    return this.#chars.slice(from, this.#at).join('')
  }

  #take(char: string): boolean {
    if (this.#next !== char) return false
    this.#at += 1
    return true
  }

  #either(): RegExpNode {
    if (++this.#depth > DEPTH_LIMIT) throw new RegExpSyntaxError('expression nests too deeply', this.#pattern)
    const parts = [this.#sequence()]
    while (this.#take('|')) parts.push(this.#sequence())
    this.#depth -= 1
    const [only] = parts
    return parts.length === 1 && only !== undefined ? only : { kind: 'either', parts }
  }

  #sequence(): RegExpNode {
    const parts: RegExpNode[] = []
    while (this.#next !== undefined && this.#next !== '|' && this.#next !== ')') parts.push(this.#repeated())
    return { kind: 'sequence', parts }
  }

  #repeated(): RegExpNode {
    const start = this.#at
    if ('*+?'.includes(this.#next ?? ' ')) {
      throw new RegExpSyntaxError('missing argument to repetition operator', this.#next)
    }
    let node = this.#atom()
    for (let count = this.#count(); count !== undefined; count = this.#count()) {
      if (node.kind === 'repeat') throw new RegExpSyntaxError('invalid nested repetition operator', this.#between(start))
      const greedy = this.#take('?') === this.#flags.ungreedy
      node = { kind: 'repeat', part: node, ...count, greedy }
    }
    // Wrapped: a repetition in a group may be repeated again.
    return node.kind === 'repeat' ? { kind: 'sequence', parts: [node] } : node
  }

  #count(): { min: number; max: number } | undefined {
    if (this.#take('*')) return { min: 0, max: Number.POSITIVE_INFINITY }
    if (this.#take('+')) return { min: 1, max: Number.POSITIVE_INFINITY }
    if (this.#take('?')) return { min: 0, max: 1 }
    const match = this.#next === '{' ? /^\{(\d{1,6})(?:(,)(\d{0,6}))?\}/.exec(this.#rest()) : null
    if (match === null) return undefined
    const [text, low, comma, high] = match
    this.#at += text.length
    const min = Number(low)
    const max = comma === undefined ? min : high === '' || high === undefined ? Number.POSITIVE_INFINITY : Number(high)
    if (min > max || min > REPEAT_LIMIT || (max !== Number.POSITIVE_INFINITY && max > REPEAT_LIMIT)) {
      throw new RegExpSyntaxError('invalid repeat count', text)
    }
    return { min, max }
  }

  #atom(): RegExpNode {
    const char = this.#next ?? ''
    switch (char) {
      case '(':
        return this.#group()
      case '[':
        return this.#char(this.#class())
      case '.':
        this.#at += 1
        return this.#flags.dotAll ? { kind: 'char', matches: () => true } : { kind: 'char', matches: (given) => given !== 0x0a }
      case '^':
        this.#at += 1
        return assertion(this.#flags.multiLine ? 'line-start' : 'text-start')
      case '$':
        this.#at += 1
        return assertion(this.#flags.multiLine ? 'line-end' : 'text-end')
      case '\\':
        return this.#escape()
      default:
        this.#at += 1
        return this.#char(oneChar(char.codePointAt(0) ?? 0))
    }
  }

  #char(matches: CharMatcher): RegExpNode {
    return { kind: 'char', matches: this.#flags.ignoreCase ? ignoringCase(matches) : matches }
  }

  #group(): RegExpNode {
    const start = this.#at
    const outer = this.#flags
    this.#at += 1
    if (this.#next === '?') {
      const inner = this.#groupHead(start)
      if (inner === 'flags-only') return EMPTY
    }
    const node = this.#either()
    if (!this.#take(')')) throw new RegExpSyntaxError('missing closing )', this.#pattern)
    this.#flags = outer
    return { kind: 'sequence', parts: [node] }
  }

  /** After `(`: `?:`, `?P<name>`, `?i:`, or `?i)`, which holds up to the end of the group around it. */
  #groupHead(start: number): 'group' | 'flags-only' {
    const rest = this.#rest()
    const name = /^\?P?<(\w+)>/.exec(rest)
    if (name !== null) {
      this.#at += name[0].length
      return 'group'
    }
    const flags = /^\?([imsU]*)(?:-([imsU]+))?([:)])/.exec(rest)
    if (flags === null || (flags[0] === '?)' && flags[1] === '')) {
      throw new RegExpSyntaxError('invalid or unsupported Perl syntax', this.#rest(start).slice(0, 3))
    }
    this.#at += flags[0].length
    this.#flags = withFlags(this.#flags, flags[1] ?? '', flags[2] ?? '')
    return flags[3] === ':' ? 'group' : 'flags-only'
  }

  #escape(): RegExpNode {
    const letter = this.#chars[this.#at + 1]
    if (letter === undefined) throw new RegExpSyntaxError('trailing backslash at end of expression', '')
    if (Object.hasOwn(ASSERTIONS, letter)) {
      this.#at += 2
      return assertion(ASSERTIONS[letter] as Assertion)
    }
    if (letter === 'Q') return this.#quoted()
    const matches = this.#escapedClass() ?? oneChar(this.#escapedChar())
    return this.#char(matches)
  }

  /** `\Q...\E`. */
  #quoted(): RegExpNode {
    const rest = this.#rest(this.#at + 2)
    const end = rest.indexOf('\\E')
    const text = end < 0 ? rest : rest.slice(0, end)
    this.#at += 2 + [...text].length + (end < 0 ? 0 : 2)
    return { kind: 'sequence', parts: [...text].map((char) => this.#char(oneChar(char.codePointAt(0) ?? 0))) }
  }

  /** `\d`, `\p{L}`; undefined when it is one character. */
  #escapedClass(): CharMatcher | undefined {
    const letter = this.#chars[this.#at + 1] ?? ''
    const perl = perlClass(letter)
    if (perl !== undefined) {
      this.#at += 2
      return perl
    }
    if (letter !== 'p' && letter !== 'P') return undefined
    const match = /^\\[pP](?:\{([^}]*)\}|(.))/u.exec(this.#rest())
    if (match === null) throw new RegExpSyntaxError('invalid character class range', this.#rest())
    this.#at += [...match[0]].length
    return unicodeClass(match[1] ?? match[2] ?? '', letter === 'P', match[0])
  }

  #escapedChar(): number {
    const rest = this.#rest()
    const number = /^\\(?:x\{([0-9A-Fa-f]{1,6})\}|x([0-9A-Fa-f]{2})|(0[0-7]{0,2}|[1-7][0-7]{1,2}))/.exec(rest)
    if (number !== null) {
      this.#at += number[0].length
      const [, long, short, octal] = number
      return octal === undefined ? Number.parseInt(long ?? short ?? '', 16) : Number.parseInt(octal, 8)
    }
    const letter = this.#chars[this.#at + 1] ?? ''
    const control = CONTROLS[letter]
    if (control === undefined && /[A-Za-z0-9]/.test(letter)) {
      throw new RegExpSyntaxError('invalid escape sequence', `\\${letter}`)
    }
    this.#at += 2
    return control ?? letter.codePointAt(0) ?? 0
  }

  #class(): CharMatcher {
    const start = this.#at
    this.#at += 1
    const negated = this.#take('^')
    const parts: CharMatcher[] = []
    for (let first = true; first || this.#next !== ']'; first = false) {
      if (this.#next === undefined) throw new RegExpSyntaxError('missing closing ]', this.#rest(start))
      parts.push(this.#classPart())
    }
    this.#at += 1
    const matches = this.#flags.ignoreCase ? ignoringCase(anyOf(parts)) : anyOf(parts)
    return negated ? not(matches) : matches
  }

  #classPart(): CharMatcher {
    const start = this.#at
    const posix = this.#next === '[' ? /^\[:(\^?\w+):\]/.exec(this.#rest()) : null
    if (posix !== null) {
      this.#at += posix[0].length
      const matches = posixClass(posix[1] ?? '')
      if (matches === undefined) throw new RegExpSyntaxError('invalid character class range', posix[0])
      return matches
    }
    const named = this.#next === '\\' ? this.#escapedClass() : undefined
    if (named !== undefined) return named
    const first = this.#classChar()
    if (this.#next !== '-' || this.#chars[this.#at + 1] === ']' || this.#chars[this.#at + 1] === undefined) return oneChar(first)
    this.#at += 1
    const last = this.#classChar()
    if (last < first) throw new RegExpSyntaxError('invalid character class range', this.#between(start))
    return inRanges([[first, last]])
  }

  #classChar(): number {
    if (this.#next === '\\') return this.#escapedChar()
    const char = this.#next ?? ''
    this.#at += 1
    return char.codePointAt(0) ?? 0
  }
}

function withFlags(flags: Flags, set: string, cleared: string): Flags {
  const changed: Record<string, boolean> = {}
  for (const letter of set) changed[FLAG_NAMES[letter] ?? ''] = true
  for (const letter of cleared) changed[FLAG_NAMES[letter] ?? ''] = false
  return { ...flags, ...changed }
}

function assertion(kind: Assertion): RegExpNode {
  return { kind: 'assert', assertion: kind }
}

const ASSERTIONS: Readonly<Record<string, Assertion>> = {
  A: 'text-start',
  z: 'text-end',
  b: 'word-boundary',
  B: 'no-word-boundary',
}

const CONTROLS: Readonly<Record<string, number>> = { a: 0x07, f: 0x0c, t: 0x09, n: 0x0a, r: 0x0d, v: 0x0b }

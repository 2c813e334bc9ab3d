import { isWordChar } from './char-class.ts'
import { parseRegExp } from './parse.ts'
import { type Instruction, programOf } from './program.ts'
import type { Assertion } from './syntax.ts'

/**
 * Go's regular expressions, which is what patterns in schemas and in CEL are upstream. Matching takes time in proportion
 * to text and pattern whatever they are (JavaScript's own can take for ever): strangers write both.
 */
export class GoRegExp {
  readonly #program: readonly Instruction[]

  /** Throws RegExpSyntaxError, in Go's words. */
  constructor(pattern: string) {
    this.#program = programOf(parseRegExp(pattern), pattern)
  }

  /** Steps that matching a text of so many characters takes at most. */
  cost(length: number): number {
    return (length + 1) * this.#program.length
  }

  test(text: string): boolean {
    return this.#run([...text], 0, true) !== undefined
  }

  /** The leftmost matches, at most `limit` of them. */
  findAll(text: string, limit = Number.POSITIVE_INFINITY): string[] {
    const chars = [...text]
    const found: string[] = []
    let from = 0
    let lastEnd = -1
    while (from <= chars.length && found.length < limit) {
      const match = this.#run(chars, from, false)
      if (match === undefined) break
      // An empty match right after another one does not count.
      if (match.end > match.start || match.end !== lastEnd) found.push(chars.slice(match.start, match.end).join(''))
      lastEnd = match.end
      from = match.end > match.start ? match.end : match.end + 1
    }
    return found
  }

  /** All ways at once, in order of preference; each remembers where it began. */
  #run(chars: readonly string[], from: number, anyMatch: boolean): Match | undefined {
    const size = this.#program.length
    let current = new Threads(size)
    let next = new Threads(size)
    let best: Match | undefined
    for (let at = from; at <= chars.length; at++) {
      if (best === undefined) this.#follow(current, { at, chars, start: at })
      if (current.count === 0 && best !== undefined) break
      const codePoint = chars[at]?.codePointAt(0)
      next.clear()
      for (let index = 0; index < current.count; index++) {
        const start = current.starts[index] ?? 0
        const state = current.states[index] ?? 0
        const instruction = this.#program[state]
        if (instruction?.op === 'match') {
          best = { start, end: at }
          if (anyMatch) return best
          // What comes after is liked less.
          break
        }
        if (instruction?.op === 'char' && codePoint !== undefined && instruction.matches(codePoint)) {
          this.#follow(next, { at: at + 1, chars, start }, state + 1)
        }
      }
      ;[current, next] = [next, current]
    }
    return best
  }

  /** Adds a state and all that it leads to without a character. */
  #follow(threads: Threads, place: Place, state = 0): void {
    const pending = [state]
    for (let each = pending.pop(); each !== undefined; each = pending.pop()) {
      if (!threads.visit(each)) continue
      const instruction = this.#program[each]
      switch (instruction?.op) {
        case 'jump':
          pending.push(instruction.to)
          break
        case 'split':
          pending.push(instruction.second, instruction.first)
          break
        case 'assert':
          if (holds(instruction.assertion, place)) pending.push(each + 1)
          break
        default:
          threads.add(each, place.start)
      }
    }
  }
}

interface Match {
  readonly start: number
  readonly end: number
}

interface Place {
  readonly chars: readonly string[]
  readonly at: number
  readonly start: number
}

/** States that are waiting for a character, each once. */
class Threads {
  readonly states: Int32Array
  readonly starts: Int32Array
  count = 0
  readonly #seen: Int32Array
  #round = 1

  constructor(size: number) {
    this.states = new Int32Array(size)
    this.starts = new Int32Array(size)
    this.#seen = new Int32Array(size)
  }

  visit(state: number): boolean {
    if (this.#seen[state] === this.#round) return false
    this.#seen[state] = this.#round
    return true
  }

  add(state: number, start: number): void {
    this.states[this.count] = state
    this.starts[this.count] = start
    this.count += 1
  }

  clear(): void {
    this.count = 0
    this.#round += 1
  }
}

function holds(assertion: Assertion, { chars, at }: Place): boolean {
  switch (assertion) {
    case 'text-start':
      return at === 0
    case 'text-end':
      return at === chars.length
    case 'line-start':
      return at === 0 || chars[at - 1] === '\n'
    case 'line-end':
      return at === chars.length || chars[at] === '\n'
    case 'word-boundary':
      return isBoundary(chars, at)
    case 'no-word-boundary':
      return !isBoundary(chars, at)
  }
}

function isBoundary(chars: readonly string[], at: number): boolean {
  return isWordChar(chars[at - 1]?.codePointAt(0)) !== isWordChar(chars[at]?.codePointAt(0))
}

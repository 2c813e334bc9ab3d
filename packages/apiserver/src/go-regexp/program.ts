/** A regular expression as instructions for the matcher: Thompson's construction. */

import type { CharMatcher } from './char-class.ts'
import { type Assertion, type RegExpNode, RegExpSyntaxError } from './syntax.ts'

export type Instruction =
  | { readonly op: 'char'; readonly matches: CharMatcher }
  | { readonly op: 'assert'; readonly assertion: Assertion }
  /** Tries `first`, then `second`. */
  | { readonly op: 'split'; first: number; second: number }
  | { readonly op: 'jump'; to: number }
  | { readonly op: 'match' }

/** Counted repetitions are written out: this bounds what they may come to. */
const PROGRAM_LIMIT = 20_000

/** Throws RegExpSyntaxError when it becomes too large. */
export function programOf(node: RegExpNode, pattern: string): readonly Instruction[] {
  const program = new Program(pattern)
  program.append(node)
  program.add({ op: 'match' })
  return program.instructions
}

class Program {
  readonly instructions: Instruction[] = []
  readonly #pattern: string

  constructor(pattern: string) {
    this.#pattern = pattern
  }

  add<T extends Instruction>(instruction: T): T {
    if (this.instructions.length >= PROGRAM_LIMIT) throw new RegExpSyntaxError('expression too large', this.#pattern)
    this.instructions.push(instruction)
    return instruction
  }

  get #end(): number {
    return this.instructions.length
  }

  append(node: RegExpNode): void {
    switch (node.kind) {
      case 'empty':
        return
      case 'char':
        this.add({ op: 'char', matches: node.matches })
        return
      case 'assert':
        this.add({ op: 'assert', assertion: node.assertion })
        return
      case 'sequence':
        for (const part of node.parts) this.append(part)
        return
      case 'either':
        this.#either(node.parts)
        return
      case 'repeat':
        this.#repeat(node)
    }
  }

  #either(parts: readonly RegExpNode[]): void {
    const exits: { to: number }[] = []
    for (const [index, part] of parts.entries()) {
      if (index === parts.length - 1) {
        this.append(part)
        continue
      }
      const split = this.add({ op: 'split' as const, first: this.#end + 1, second: 0 })
      this.append(part)
      exits.push(this.add({ op: 'jump' as const, to: 0 }))
      split.second = this.#end
    }
    for (const exit of exits) exit.to = this.#end
  }

  #repeat({ part, min, max, greedy }: RegExpNode & { kind: 'repeat' }): void {
    for (let count = 0; count < min; count++) this.append(part)
    if (max === Number.POSITIVE_INFINITY) {
      const split = this.#split(greedy)
      const start = this.#end - 1
      this.append(part)
      this.add({ op: 'jump', to: start })
      split.leave(this.#end)
      return
    }
    const splits: Fork[] = []
    for (let count = min; count < max; count++) {
      splits.push(this.#split(greedy))
      this.append(part)
    }
    for (const split of splits) split.leave(this.#end)
  }

  /** Goes on here, or leaves: whichever a greedy repetition tries first. */
  #split(greedy: boolean): Fork {
    const here = this.#end + 1
    const split = this.add({ op: 'split' as const, first: here, second: here })
    return {
      leave(end) {
        if (greedy) split.second = end
        else split.first = end
      },
    }
  }
}

interface Fork {
  leave(end: number): void
}

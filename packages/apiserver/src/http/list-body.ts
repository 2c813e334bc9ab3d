import type { StoredObject } from '../registry/stored-object.ts'

/** Smaller ones cost more to encrypt and send, larger ones no less. */
export const CHUNK_BYTES = 256 * 1024
const COMMA = 0x2c
const BRACE = 0x7b
const END = Buffer.from(']}')

interface ListParts {
  /** Everything up to the items' bracket. */
  readonly head: Buffer
  readonly items: readonly StoredObject[]
  /** Of kind and apiVersion, which the items of a list leave out. */
  readonly headLength: number
}

/** A list's bytes, copied out of the stored ones when it is their turn to be sent: a large list is never there as a whole. */
export class ListBody {
  readonly length: number
  readonly #parts: ListParts

  constructor(parts: ListParts) {
    this.#parts = parts
    this.length = this.#lengthOf(0, parts.items.length)
  }

  whole(): Buffer {
    const whole = Buffer.allocUnsafeSlow(this.length)
    this.#copy(whole, 0, this.#parts.items.length)
    return whole
  }

  /** One after the other in the same memory: each is good until the next is asked for. New memory for each would keep the collector busy. */
  *chunks(): Generator<Buffer, void, void> {
    const { items } = this.#parts
    let memory = Buffer.allocUnsafeSlow(0)
    let next = 0
    do {
      const first = next
      for (let bytes = 0; next < items.length && bytes < CHUNK_BYTES; next += 1) bytes += this.#lengthOfItem(next)
      const length = this.#lengthOf(first, next)
      if (length > memory.length) memory = Buffer.allocUnsafeSlow(length)
      this.#copy(memory, first, next)
      yield memory.subarray(0, length)
    } while (next < items.length)
  }

  /** So many items, with the head before the first and the end after the last of all. */
  #copy(copy: Buffer, first: number, end: number): void {
    const { head, items, headLength } = this.#parts
    let at = first === 0 ? head.copy(copy) : 0
    for (let index = first; index < end; index += 1) {
      if (index > 0) copy[at++] = COMMA
      copy[at++] = BRACE
      at += items[index]?.bytes.copy(copy, at, headLength) ?? 0
    }
    if (end === items.length) END.copy(copy, at)
  }

  #lengthOf(first: number, end: number): number {
    const { head, items } = this.#parts
    let length = (first === 0 ? head.length : 0) + (end === items.length ? END.length : 0)
    for (let index = first; index < end; index += 1) length += this.#lengthOfItem(index)
    return length
  }

  /** With its brace, and a comma before all but the first. */
  #lengthOfItem(index: number): number {
    const { items, headLength } = this.#parts
    return (items[index]?.bytes.length ?? 0) - headLength + (index === 0 ? 1 : 2)
  }
}

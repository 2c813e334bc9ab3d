import type { Entry } from '../store.ts'

/** An insert moves at most so many pointers. */
const MAX_BLOCK = 512

/** Entries in the order of their keys: blocks of sorted arrays, so that 100,000 keys neither cost a tree nor long moves. */
export class OrderedEntries {
  readonly #byKey = new Map<string, Entry>()
  /** None is empty, except the only one. */
  readonly #blocks: Entry[][] = [[]]

  get(key: string): Entry | undefined {
    return this.#byKey.get(key)
  }

  set(entry: Entry): void {
    this.#byKey.set(entry.key, entry)
    const at = this.#blockOf(entry.key)
    const block = this.#block(at)
    const index = lowerBound(block, entry.key)
    if (block[index]?.key === entry.key) {
      block[index] = entry
      return
    }
    block.splice(index, 0, entry)
    if (block.length > MAX_BLOCK)
      this.#blocks.splice(at + 1, 0, block.splice(splitPoint(at, this.#blocks.length, index, block.length)))
  }

  delete(key: string): void {
    if (!this.#byKey.delete(key)) return
    const at = this.#blockOf(key)
    const block = this.#block(at)
    block.splice(lowerBound(block, key), 1)
    if (block.length === 0 && this.#blocks.length > 1) this.#blocks.splice(at, 1)
  }

  /** At most `limit` entries with `from` <= key < `end` (undefined: no end), and how many more there are. */
  range(from: string, end: string | undefined, limit: number): { readonly entries: Entry[]; readonly remaining: number } {
    const entries: Entry[] = []
    let remaining = 0
    for (let at = this.#blockOf(from); at < this.#blocks.length; at += 1) {
      const block = this.#block(at)
      if (end !== undefined && keyAt(block, 0) >= end) break
      const first = lowerBound(block, from)
      const last = end === undefined ? block.length : lowerBound(block, end)
      const taken = Math.max(first, Math.min(last, first + limit - entries.length))
      for (const entry of first === 0 && taken === block.length ? block : block.slice(first, taken)) entries.push(entry)
      remaining += Math.max(0, last - taken)
    }
    return { entries, remaining }
  }

  #block(at: number): Entry[] {
    return this.#blocks[at] ?? []
  }

  /** The last block that begins at or before the key; the first one for a key before all others. */
  #blockOf(key: string): number {
    let low = 0
    let high = this.#blocks.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (keyAt(this.#block(middle), 0) <= key) low = middle
      else high = middle - 1
    }
    return low
  }
}

/** In the middle; but where keys are only ever appended, the full block stays full. */
function splitPoint(block: number, blocks: number, insertedAt: number, length: number): number {
  return block === blocks - 1 && insertedAt === length - 1 ? length - 1 : length >> 1
}

/** Index of the first entry whose key is not less than this one. */
function lowerBound(block: readonly Entry[], key: string): number {
  let low = 0
  let high = block.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (keyAt(block, middle) < key) low = middle + 1
    else high = middle
  }
  return low
}

function keyAt(block: readonly Entry[], index: number): string {
  return block[index]?.key ?? ''
}

/** The first string after all that begin with the prefix; undefined when there is none. */
export function endOfPrefix(prefix: string): string | undefined {
  for (let last = prefix.length - 1; last >= 0; last -= 1) {
    const code = prefix.charCodeAt(last)
    if (code < 0xffff) return prefix.slice(0, last) + String.fromCharCode(code + 1)
  }
  return undefined
}

/** The first string after this one. */
export function successor(key: string): string {
  return `${key}\0`
}

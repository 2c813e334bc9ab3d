import type { FileHandle } from 'node:fs/promises'
import { isPiece, parseEntry } from './log-entry.ts'

/** Where in a log's files: reading goes on from there. */
export interface LogPosition {
  /** Index of the file. */
  readonly file: number
  readonly offset: number
}

interface PlacedEntry extends LogPosition {
  readonly json: string
}

const BLOCK_BYTES = 64 * 1024
/** Pieces of one line lie close together: so far is looked for the first of them. */
const MOST_SEARCHED_BYTES = 2 ** 20

/**
 * From where on the files, oldest first, hold their last `count` whole lines. It may be some lines earlier, never later, and
 * never within a line that the engine has split. Only the end of the log is read.
 */
export async function findTail(files: readonly FileHandle[], count: number): Promise<LogPosition> {
  const search = new TailSearch(count)
  let found: LogPosition | undefined
  for await (const { json, ...position } of backwards(files)) {
    if (!search.goesOnAt(json)) break
    found = position
  }
  return found ?? (await endOf(files))
}

/** Told one entry after the other, from the newest on. */
class TailSearch {
  #missing: number
  #searched = 0
  /** Of these streams the oldest line seen may have begun before. */
  readonly #open = new Set<string>()

  constructor(count: number) {
    this.#missing = count
  }

  /** False once nothing at or before this entry is needed. */
  goesOnAt(json: string): boolean {
    const entry = parseEntry(json)
    if (entry === undefined) return true
    const isWhole = !isPiece(entry)
    if (this.#missing > 0) {
      if (isWhole) this.#missing -= 1
      this.#open.add(entry.stream)
      return true
    }
    if (isWhole) this.#open.delete(entry.stream)
    else this.#open.add(entry.stream)
    this.#searched += json.length
    return this.#open.size > 0 && this.#searched <= MOST_SEARCHED_BYTES
  }
}

async function endOf(files: readonly FileHandle[]): Promise<LogPosition> {
  return { file: Math.max(0, files.length - 1), offset: (await files.at(-1)?.stat())?.size ?? 0 }
}

async function* backwards(files: readonly FileHandle[]): AsyncGenerator<PlacedEntry, void, void> {
  for (const [index, file] of [...files.entries()].reverse()) {
    for await (const { offset, json } of linesBackwards(file)) yield { file: index, offset, json }
  }
}

async function* linesBackwards(file: FileHandle): AsyncGenerator<{ offset: number; json: string }, void, void> {
  let offset = (await file.stat()).size
  /** The end of a line that begins before `offset`. */
  let rest: Buffer = Buffer.alloc(0)
  while (offset > 0) {
    const length = Math.min(BLOCK_BYTES, offset)
    offset -= length
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, offset)
    const bytes = Buffer.concat([buffer, rest])
    let end = bytes.length
    for (let newline = newlineBefore(bytes, end); newline >= 0; newline = newlineBefore(bytes, end)) {
      yield { offset: offset + newline + 1, json: bytes.toString('utf8', newline + 1, end) }
      end = newline + 1
    }
    rest = bytes.subarray(0, end)
  }
  if (rest.length > 0) yield { offset: 0, json: rest.toString() }
}

/** The end of the line before the one that ends at `end`; -1: that one is the first. */
function newlineBefore(bytes: Buffer, end: number): number {
  return end < 2 ? -1 : bytes.lastIndexOf(10, end - 2)
}

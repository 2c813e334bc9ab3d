/** The files of one json-file log: `<id>-json.log` and its rotated `.1`, `.2`, ... */

import { type FileHandle, open, readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

interface LogFile {
  readonly path: string
  readonly inode: number
}

interface OpenLog {
  readonly file: FileHandle
  readonly inode: number
  /** Known once there is a next one. */
  bytes: number
}

/** Rotations are rare: meeting one at each of so many looks doesn't happen. */
const MAX_ATTEMPTS = 20
/** Beyond it a reader that is slower than the writer loses lines: files that are held take room that nobody counts. */
const MOST_HELD_BYTES = 256 * 2 ** 20

/**
 * A log's files from one of them on, held open: what is rotated away before it was read can still be read, and its inode
 * means no other file.
 */
export class LogChain {
  readonly #path: string
  /** Oldest first; the first is the one that is read. */
  #files: OpenLog[] = []
  #extending: Promise<void> = Promise.resolve()
  /** A look that is still to come serves everybody who asks before it. */
  #next: Promise<void> | undefined

  constructor(path: string) {
    this.#path = path
  }

  /** The file that is read now. */
  get current(): FileHandle | undefined {
    return this.#files[0]?.file
  }

  /** Takes in the files that came after the newest one known. */
  extend(): Promise<void> {
    this.#next ??= this.#extending.then(() => {
      this.#next = undefined
      return this.#takeNewer()
    })
    this.#extending = this.#next
    return this.#next
  }

  /** All that are known, the one that is read first. */
  get files(): readonly FileHandle[] {
    return this.#files.map(({ file }) => file)
  }

  /** Once there is a next file, the engine writes nothing more to the one before. */
  get hasNext(): boolean {
    return this.#files.length > 1
  }

  /** Goes on to the next file. */
  async advance(): Promise<void> {
    await this.#files.shift()?.file.close()
  }

  async close(): Promise<void> {
    await this.#extending
    for (const { file } of this.#files) await file.close()
    this.#files = []
  }

  async #takeNewer(): Promise<void> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const newest = this.#files.at(-1)?.inode
      const files = await logFiles(this.#path)
      // Not among them: rotated away beyond the last one kept, so all of them are newer.
      const newer = files.slice(files.findIndex(({ inode }) => inode === newest) + 1)
      if (await this.#open(newer)) break
    }
    while (this.#heldBytes() > MOST_HELD_BYTES) await this.#files.splice(1, 1)[0]?.file.close()
  }

  /** Of those that wait to be read. */
  #heldBytes(): number {
    return this.#files.slice(1).reduce((sum, { bytes }) => sum + bytes, 0)
  }

  /** False when one of them was another file by then: rotated in between. */
  async #open(files: readonly LogFile[]): Promise<boolean> {
    for (const { path, inode } of files) {
      const file = await open(path, 'r').catch(() => undefined)
      if (file === undefined) return false
      if ((await file.stat()).ino !== inode) {
        await file.close()
        return false
      }
      const complete = this.#files.at(-1)
      if (complete !== undefined) complete.bytes = (await complete.file.stat()).size
      this.#files.push({ file, inode, bytes: 0 })
    }
    return true
  }
}

/** The log's files, oldest first, as they stood at one moment: two looks in a row saw the same. Compressed ones are not read. */
async function logFiles(path: string): Promise<readonly LogFile[]> {
  let before = await lookAtFiles(path)
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const now = await lookAtFiles(path)
    if (JSON.stringify(now) === JSON.stringify(before)) return now
    before = now
  }
  return before
}

async function lookAtFiles(path: string): Promise<readonly LogFile[]> {
  const files: LogFile[] = []
  for (const file of [...(await rotatedFiles(path)), path]) {
    const inode = (await stat(file).catch(() => undefined))?.ino
    if (inode !== undefined) files.push({ path: file, inode })
  }
  return files
}

async function rotatedFiles(path: string): Promise<string[]> {
  const name = basename(path)
  const siblings = await readdir(dirname(path)).catch(() => [])
  const numbers = siblings.flatMap((sibling) => {
    const number = sibling.startsWith(`${name}.`) ? Number(sibling.slice(name.length + 1)) : Number.NaN
    return Number.isInteger(number) ? [number] : []
  })
  return numbers.sort((a, b) => b - a).map((number) => join(dirname(path), `${name}.${number}`))
}

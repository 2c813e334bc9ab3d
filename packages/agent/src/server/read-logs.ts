/**
 * A container's log, read from the engine's json-file itself: `<id>-json.log` and its rotated `.1`, `.2`, ... (docker-api.md:
 * the engine's own follow loses and repeats lines at a rotation).
 */

import { type FSWatcher, watch } from 'node:fs'
import { type FileHandle, open, readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

export interface LogOptions {
  readonly follow: boolean
  readonly tailLines?: number
  readonly sinceTime?: Date
  readonly timestamps: boolean
  readonly limitBytes?: number
  /** Ends a follow: the client is gone. */
  readonly signal?: AbortSignal
  /** Asked when a follow has come to the end of the file: false ends it, the container writes no more. */
  readonly isWriting?: () => boolean
}

interface LogLine {
  readonly text: string
  readonly time: string
}

const READ_BYTES = 64 * 1024
/** Events of the file system are not promised to come: look again after so long. */
const LOOK_AGAIN_MS = 1_000

/** Lines as the client is to see them. Follows across rotations until the container has ended or the signal aborts. */
export async function* readLogs(path: string, options: LogOptions): AsyncGenerator<Buffer, void, void> {
  let left = options.limitBytes ?? Number.POSITIVE_INFINITY
  for await (const line of selected(path, options)) {
    const bytes = Buffer.from(options.timestamps ? `${line.time} ${line.text}` : line.text)
    yield bytes.length <= left ? bytes : bytes.subarray(0, left)
    left -= bytes.length
    if (left <= 0) return
  }
}

async function* selected(path: string, options: LogOptions): AsyncGenerator<LogLine> {
  const { sinceTime, tailLines } = options
  const since = sinceTime?.toISOString()
  const reader = new JsonFileReader(path)
  try {
    await reader.openOldest()
    const keep = (line: LogLine) => since === undefined || isAtOrAfter(line.time, since)
    if (tailLines === undefined) for await (const line of reader.toEnd()) if (keep(line)) yield line
    if (tailLines !== undefined) yield* await lastOf(reader.toEnd(), tailLines, keep)
    if (options.follow) for await (const line of reader.follow(options)) if (keep(line)) yield line
  } finally {
    await reader.close()
  }
}

async function lastOf(lines: AsyncIterable<LogLine>, count: number, keep: (line: LogLine) => boolean): Promise<LogLine[]> {
  let last: LogLine[] = []
  for await (const line of lines) {
    if (!keep(line)) continue
    last.push(line)
    if (last.length > 2 * count + 1_000) last = last.slice(-count || last.length)
  }
  return count === 0 ? [] : last.slice(-count)
}

/** RFC 3339 with and without a fraction compare as text once the trailing Z is away. */
function isAtOrAfter(time: string, since: string): boolean {
  return time.replace('Z', '') >= since.replace('Z', '')
}

/** Reads one log from its oldest file on; knows when the newest was rotated away under it. */
class JsonFileReader {
  readonly #path: string
  #file: FileHandle | undefined
  #inode: number | undefined
  #position = 0
  #rest: Buffer = Buffer.alloc(0)
  /** Pieces of a line longer than 16 KiB, which the engine splits; by stream. */
  readonly #pieces = new Map<string, string>()

  constructor(path: string) {
    this.#path = path
  }

  async openOldest(): Promise<void> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const [oldest] = await logFiles(this.#path)
      if (oldest === undefined || (await this.#open(oldest.path, oldest.inode))) return
    }
  }

  async close(): Promise<void> {
    await this.#file?.close()
    this.#file = undefined
  }

  /** Every line that is there now, across all files. */
  async *toEnd(): AsyncGenerator<LogLine> {
    do yield* this.#drainFile()
    while (await this.#openNext())
  }

  async *follow({ signal, isWriting = () => true }: LogOptions): AsyncGenerator<LogLine> {
    const changes = new FileChanges(this.#path, signal)
    try {
      while (!signal?.aborted) {
        const ended = !isWriting()
        yield* this.toEnd()
        if (ended) return
        await changes.next()
      }
    } finally {
      changes.close()
    }
  }

  async *#drainFile(): AsyncGenerator<LogLine> {
    const buffer = Buffer.alloc(READ_BYTES)
    while (this.#file !== undefined) {
      const { bytesRead } = await this.#file.read(buffer, 0, READ_BYTES, this.#position)
      if (bytesRead === 0) return
      this.#position += bytesRead
      yield* this.#parse(Buffer.concat([this.#rest, buffer.subarray(0, bytesRead)]))
    }
  }

  *#parse(bytes: Buffer): Generator<LogLine> {
    let begin = 0
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, begin)) {
      const line = this.#line(bytes.toString('utf8', begin, end))
      if (line !== undefined) yield line
      begin = end + 1
    }
    this.#rest = bytes.subarray(begin)
  }

  /** A corrupt entry (a crash while it was written) is passed over. */
  #line(json: string): LogLine | undefined {
    const entry = parseEntry(json)
    if (entry === undefined) return undefined
    const { log, stream, time } = entry
    const text = (this.#pieces.get(stream) ?? '') + log
    if (log.length > 0 && !log.endsWith('\n') && Buffer.byteLength(log) >= PIECE_BYTES) {
      this.#pieces.set(stream, text)
      return undefined
    }
    this.#pieces.delete(stream)
    return { text, time }
  }

  /** Goes on to the file after the one just read to its end, if there is one. Files may be rotated at any moment of this. */
  async #openNext(): Promise<boolean> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const files = await logFiles(this.#path)
      const index = files.findIndex(({ inode }) => inode === this.#inode)
      // Not among them: rotated away beyond the last one kept, so all of them are newer.
      const next = files[index + 1]
      if (next === undefined) return false
      // What was written between our last read and the rotation.
      if (await this.#hasMore()) return true
      if (await this.#open(next.path, next.inode)) return true
    }
    return false
  }

  async #hasMore(): Promise<boolean> {
    const { bytesRead } = (await this.#file?.read(Buffer.alloc(1), 0, 1, this.#position)) ?? { bytesRead: 0 }
    return bytesRead > 0
  }

  /** False when the path is another file than the expected one by now: nothing has changed then. */
  async #open(path: string, expected?: number): Promise<boolean> {
    const file = await open(path, 'r').catch(() => undefined)
    const inode = (await file?.stat())?.ino
    if (expected !== undefined && inode !== expected) {
      await file?.close()
      return false
    }
    await this.close()
    this.#file = file
    this.#inode = inode
    this.#position = 0
    this.#rest = Buffer.alloc(0)
    return true
  }
}

/** Rotations are rare: meeting one at each of so many looks doesn't happen. */
const MAX_ATTEMPTS = 20
const PIECE_BYTES = 16_384

function parseEntry(json: string): { log: string; stream: string; time: string } | undefined {
  try {
    const { log, stream, time } = JSON.parse(json) as { log?: unknown; stream?: unknown; time?: unknown }
    if (typeof log !== 'string' || typeof time !== 'string') return undefined
    return { log, stream: String(stream), time }
  } catch {
    return undefined
  }
}

interface LogFile {
  readonly path: string
  readonly inode: number
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

/** Resolves `next` when something in the log's directory has changed since the last call, or after a while anyway. */
class FileChanges {
  readonly #watcher: FSWatcher | undefined
  #wake = Promise.withResolvers<void>()

  constructor(path: string, signal: AbortSignal | undefined) {
    try {
      this.#watcher = watch(dirname(path), () => this.#wake.resolve())
      this.#watcher.on('error', () => undefined)
    } catch {
      // The directory is gone: the timer alone then.
    }
    signal?.addEventListener('abort', () => this.#wake.resolve(), { once: true })
  }

  async next(): Promise<void> {
    const timer = setTimeout(() => this.#wake.resolve(), LOOK_AGAIN_MS)
    await this.#wake.promise
    clearTimeout(timer)
    this.#wake = Promise.withResolvers<void>()
  }

  close(): void {
    this.#watcher?.close()
  }
}

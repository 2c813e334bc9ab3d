/**
 * A container's log, read from the engine's json-file itself: `<id>-json.log` and its rotated `.1`, `.2`, ... (docker-api.md:
 * the engine's own follow loses and repeats lines at a rotation).
 */

import { type FSWatcher, watch } from 'node:fs'
import { type FileHandle, open, readdir } from 'node:fs/promises'
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
    const rotated = await rotatedFiles(this.#path)
    await this.#open(rotated[0] ?? this.#path)
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

  /** The file after the one just read to its end: the one that replaced it. */
  async #openNext(): Promise<boolean> {
    const files = [...(await rotatedFiles(this.#path)), this.#path]
    for (const [index, file] of files.entries()) {
      if ((await inodeOf(file)) !== this.#inode) continue
      const next = files[index + 1]
      if (next === undefined) return false
      // What was written between our last read and the rotation is read by whoever calls next on the old handle.
      const { bytesRead } = (await this.#file?.read(Buffer.alloc(1), 0, 1, this.#position)) ?? { bytesRead: 0 }
      if (bytesRead === 0) await this.#open(next)
      return true
    }
    // Our file was rotated away beyond the last one kept.
    await this.#open(files[0] ?? this.#path)
    return this.#file !== undefined
  }

  async #open(path: string): Promise<void> {
    await this.close()
    this.#file = await open(path, 'r').catch(() => undefined)
    this.#inode = this.#file === undefined ? undefined : (await this.#file.stat()).ino
    this.#position = 0
    this.#rest = Buffer.alloc(0)
  }
}

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

/** The rotated files, oldest first; compressed ones are not read. */
async function rotatedFiles(path: string): Promise<string[]> {
  const name = basename(path)
  const siblings = await readdir(dirname(path)).catch(() => [])
  const numbers = siblings.flatMap((sibling) => {
    const number = sibling.startsWith(`${name}.`) ? Number(sibling.slice(name.length + 1)) : Number.NaN
    return Number.isInteger(number) ? [number] : []
  })
  return numbers.sort((a, b) => b - a).map((number) => join(dirname(path), `${name}.${number}`))
}

async function inodeOf(path: string): Promise<number | undefined> {
  const file = await open(path, 'r').catch(() => undefined)
  if (file === undefined) return undefined
  return (await file.stat().finally(() => file.close())).ino
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

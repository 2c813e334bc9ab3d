/**
 * A container's log, read from the engine's json-file itself, across its rotations: the engine's own follow loses and repeats
 * lines at a rotation. Lines go in batches, as many as were read at once: a writer may be fast.
 */

import { FileChanges } from './file-changes.ts'
import { findTail } from './find-tail.ts'
import { isPiece, parseEntry } from './log-entry.ts'
import { LogChain } from './log-files.ts'

export interface LogOptions {
  readonly follow: boolean
  readonly tailLines?: number
  readonly sinceTime?: Date
  readonly timestamps: boolean
  readonly limitBytes?: number
  /** Ends a follow: the client is gone. */
  readonly signal?: AbortSignal
  /** Asked when a follow has come to the end of the file: false ends it, the container writes no more. It must cost nothing. */
  readonly isWriting?: () => boolean
}

interface LogLine {
  readonly text: string
  readonly time: string
}

type Batches = AsyncGenerator<readonly LogLine[], void, void>

const READ_BYTES = 256 * 1024

/** Lines as the client is to see them. Follows across rotations until the container has ended or the signal aborts. */
export async function* readLogs(path: string, options: LogOptions): AsyncGenerator<Buffer, void, void> {
  let left = options.limitBytes ?? Number.POSITIVE_INFINITY
  for await (const lines of selected(path, options)) {
    if (lines.length === 0) continue
    const bytes = Buffer.from(lines.map(({ text, time }) => (options.timestamps ? `${time} ${text}` : text)).join(''))
    yield bytes.length <= left ? bytes : bytes.subarray(0, left)
    left -= bytes.length
    if (left <= 0) return
  }
}

async function* selected(path: string, options: LogOptions): Batches {
  const { sinceTime, tailLines } = options
  const since = sinceTime?.toISOString()
  const reader = new JsonFileReader(path, options)
  const keep = (lines: readonly LogLine[]) => (since === undefined ? lines : lines.filter(({ time }) => isAtOrAfter(time, since)))
  try {
    if (tailLines === undefined) for await (const lines of reader.toEnd()) yield keep(lines)
    else yield keep(await lastOf(reader.lastLines(tailLines), tailLines))
    if (options.follow) for await (const lines of reader.follow()) yield keep(lines)
  } finally {
    await reader.close()
  }
}

async function lastOf(batches: Batches, count: number): Promise<readonly LogLine[]> {
  let last: readonly LogLine[] = []
  for await (const lines of batches) last = count === 0 ? [] : [...last, ...lines].slice(-count)
  return last
}

/** RFC 3339 with and without a fraction compare as text once the trailing Z is away. */
function isAtOrAfter(time: string, since: string): boolean {
  return time.replace('Z', '') >= since.replace('Z', '')
}

/** Reads one log from its oldest file on; knows when the newest was rotated away under it. */
class JsonFileReader {
  readonly #options: LogOptions
  readonly #chain: LogChain
  /** A follower is told of rotations from the start: what is there already may take it long. */
  readonly #changes: FileChanges | undefined
  readonly #buffer = Buffer.alloc(READ_BYTES)
  #position = 0
  #rest: Buffer = Buffer.alloc(0)
  /** Pieces of a line longer than 16 KiB, which the engine splits; by stream. */
  readonly #pieces = new Map<string, string>()

  constructor(path: string, options: LogOptions) {
    this.#options = options
    this.#chain = new LogChain(path)
    if (options.follow) this.#changes = new FileChanges(path, () => void this.#chain.extend(), options.signal)
  }

  async close(): Promise<void> {
    this.#changes?.close()
    await this.#chain.close()
  }

  /** Every line that is there now, across all files. */
  async *toEnd(): Batches {
    for (;;) {
      if (!this.#chain.hasNext) {
        yield* this.#drainFile()
        await this.#chain.extend()
      }
      // Of a file that is known to be complete everything is read: also what came between the last read and the rotation.
      const isComplete = this.#chain.hasNext
      yield* this.#drainFile()
      if (!isComplete) return
      await this.#chain.advance()
      this.#position = 0
      this.#rest = Buffer.alloc(0)
    }
  }

  /** Every line from about the last so many on; the rest of the log is not read. */
  async *lastLines(count: number): Batches {
    await this.#chain.extend()
    const { file, offset } = await findTail(this.#chain.files, count)
    for (let passed = 0; passed < file; passed++) await this.#chain.advance()
    this.#position = offset
    yield* this.toEnd()
  }

  async *follow(): Batches {
    const { signal, isWriting = () => true } = this.#options
    while (!signal?.aborted) {
      const ended = !isWriting()
      yield* this.toEnd()
      if (ended) return
      await this.#changes?.next()
    }
  }

  async *#drainFile(): Batches {
    while (this.#chain.current !== undefined) {
      const { bytesRead } = await this.#chain.current.read(this.#buffer, 0, READ_BYTES, this.#position)
      if (bytesRead === 0) return
      this.#position += bytesRead
      yield this.#parse(Buffer.concat([this.#rest, this.#buffer.subarray(0, bytesRead)]))
    }
  }

  #parse(bytes: Buffer): readonly LogLine[] {
    const lines: LogLine[] = []
    let begin = 0
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, begin)) {
      const line = this.#line(bytes.toString('utf8', begin, end))
      if (line !== undefined) lines.push(line)
      begin = end + 1
    }
    this.#rest = bytes.subarray(begin)
    return lines
  }

  /** A corrupt entry (a crash while it was written) is passed over. */
  #line(json: string): LogLine | undefined {
    const entry = parseEntry(json)
    if (entry === undefined) return undefined
    const { log, stream, time } = entry
    const text = (this.#pieces.get(stream) ?? '') + log
    if (isPiece(entry)) {
      this.#pieces.set(stream, text)
      return undefined
    }
    this.#pieces.delete(stream)
    return { text, time }
  }
}

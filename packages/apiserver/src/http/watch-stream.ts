/** Sends a watch to one client. A client that doesn't read is cut off alone, before it costs memory. */

import type { ServerResponse } from 'node:http'
import type { WatchSource } from '../verbs/watch.ts'

/** Unsent bytes at which a watcher counts as stuck; it resumes from its last revision, or lists again. */
const SLOW_WATCHER_LIMIT_BYTES = 8 * 1024 * 1024
const INITIAL_CHUNK_BYTES = 256 * 1024
const BOOKMARK_INTERVAL_MS = 60_000
/** Without timeoutSeconds a watch ends after 30 to 60 minutes, so that clients spread over restarted servers. */
const DEFAULT_TIMEOUT_MS = 30 * 60_000
/** A watch of some length tells its last revision shortly before it ends. */
const LAST_BOOKMARK_BEFORE_END_MS = 2_000

interface WatchStream {
  readonly source: WatchSource
  readonly response: ServerResponse
  readonly random: () => number
  /** Aborted when the server stops. */
  readonly signal: AbortSignal
  readonly headers: Readonly<Record<string, string>>
}

/** Resolves when the watch has ended. */
export async function streamWatch({ source, response, random, signal, headers }: WatchStream): Promise<void> {
  const ended = new AbortController()
  const end = () => ended.abort()
  response.on('close', end)
  signal.addEventListener('abort', end, { once: true })
  response.writeHead(200, { ...headers, 'content-type': 'application/json', 'cache-control': 'no-cache, private' })
  response.flushHeaders()
  const timers = new WatchTimers(source, response, { random, end })
  try {
    await sendEvents(source, response, ended)
  } finally {
    timers.stop()
    signal.removeEventListener('abort', end)
    response.end()
  }
}

/** Live events wait behind the initial ones: what came first is sent first. */
async function sendEvents(source: WatchSource, response: ServerResponse, ended: AbortController): Promise<void> {
  const { signal } = ended
  let waiting: Buffer[] | undefined = []
  const send = (lines: readonly Buffer[]) => {
    response.write(lines.length === 1 && lines[0] !== undefined ? lines[0] : Buffer.concat(lines))
    if (response.writableLength > SLOW_WATCHER_LIMIT_BYTES) response.destroy()
  }
  let waitingBytes = 0
  const wait = (queue: Buffer[], lines: readonly Buffer[]) => {
    queue.push(...lines)
    for (const { length } of lines) waitingBytes += length
    if (waitingBytes > SLOW_WATCHER_LIMIT_BYTES) response.destroy()
  }
  const closed = Promise.withResolvers<void>()
  const close = (line?: Buffer) => {
    if (line !== undefined) send([...(waiting ?? []), line])
    closed.resolve()
    ended.abort()
  }
  signal.addEventListener('abort', () => closed.resolve(), { once: true })
  source.follow({ signal, onClose: close, onLines: (lines) => (waiting === undefined ? send(lines) : wait(waiting, lines)) })
  await source.prepare()
  await sendInitial(source, response, signal)
  if (waiting.length > 0 && !signal.aborted) send(waiting)
  waiting = undefined
  await closed.promise
}

async function sendInitial(source: WatchSource, response: ServerResponse, signal: AbortSignal): Promise<void> {
  let chunk: Buffer[] = []
  let bytes = 0
  const flush = async () => {
    if (chunk.length === 0 || signal.aborted) return
    const keepsUp = response.write(Buffer.concat(chunk))
    chunk = []
    bytes = 0
    if (!keepsUp) await drained(response, signal)
  }
  for (const line of source.initialLines()) {
    if (signal.aborted) return
    chunk.push(line)
    bytes += line.length
    if (bytes >= INITIAL_CHUNK_BYTES) await flush()
  }
  await flush()
}

function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done)
      signal.removeEventListener('abort', done)
      resolve()
    }
    response.on('drain', done)
    signal.addEventListener('abort', done, { once: true })
  })
}

class WatchTimers {
  private readonly timers: NodeJS.Timeout[] = []

  constructor(source: WatchSource, response: ServerResponse, { random, end }: { random: () => number; end: () => void }) {
    const seconds = source.timeoutSeconds
    const lifetimeMs = seconds !== undefined && seconds > 0 ? seconds * 1000 : DEFAULT_TIMEOUT_MS * (1 + random())
    this.timers.push(setTimeout(end, lifetimeMs))
    if (!source.allowBookmarks) return
    const bookmark = () => response.write(source.bookmark())
    this.timers.push(setInterval(bookmark, BOOKMARK_INTERVAL_MS))
    const lastMs = lifetimeMs - LAST_BOOKMARK_BEFORE_END_MS
    if (lastMs > LAST_BOOKMARK_BEFORE_END_MS) this.timers.push(setTimeout(bookmark, lastMs))
  }

  stop(): void {
    for (const timer of this.timers) clearTimeout(timer)
  }
}

/** Sends a watch to one client. A client that doesn't read is cut off alone, before it costs memory. */

import type { Writable } from 'node:stream'
import type { WatchSource } from '../verbs/watch.ts'
import type { RequestInfo } from './request-context.ts'
import type { ServerContext } from './server-context.ts'

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
  /** What was to come before the events has been written. */
  readonly sink: Writable
}

/** Counted as long as it lasts. Resolves when the watch has ended, with the sink, or with the server. */
export async function serveWatch(context: ServerContext, info: RequestInfo, { source, sink }: WatchStream): Promise<void> {
  const { metrics, random, stopping } = context
  const labels = { group: info.group, resource: info.resource }
  metrics.watches.inc(labels)
  const ended = new AbortController()
  const end = () => ended.abort()
  sink.on('close', end)
  stopping.addEventListener('abort', end, { once: true })
  const timers = new WatchTimers(source, sink, { random, end })
  try {
    await sendEvents(source, sink, ended)
  } finally {
    timers.stop()
    stopping.removeEventListener('abort', end)
    sink.end()
    metrics.watches.dec(labels)
    metrics.count(info, true, 200, undefined)
  }
}

/** Live events wait behind the initial ones: what came first is sent first. */
async function sendEvents(source: WatchSource, sink: Writable, ended: AbortController): Promise<void> {
  const { signal } = ended
  let waiting: Buffer[] | undefined = []
  const send = (lines: readonly Buffer[]) => {
    sink.write(lines.length === 1 && lines[0] !== undefined ? lines[0] : Buffer.concat(lines))
    if (sink.writableLength > SLOW_WATCHER_LIMIT_BYTES) sink.destroy()
  }
  let waitingBytes = 0
  const wait = (queue: Buffer[], lines: readonly Buffer[]) => {
    queue.push(...lines)
    for (const { length } of lines) waitingBytes += length
    if (waitingBytes > SLOW_WATCHER_LIMIT_BYTES) sink.destroy()
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
  await sendInitial(source, sink, signal)
  if (waiting.length > 0 && !signal.aborted) send(waiting)
  waiting = undefined
  await closed.promise
}

async function sendInitial(source: WatchSource, sink: Writable, signal: AbortSignal): Promise<void> {
  let chunk: Buffer[] = []
  let bytes = 0
  const flush = async () => {
    if (chunk.length === 0 || signal.aborted) return
    const keepsUp = sink.write(Buffer.concat(chunk))
    chunk = []
    bytes = 0
    if (!keepsUp) await drained(sink, signal)
  }
  for (const line of source.initialLines()) {
    if (signal.aborted) return
    chunk.push(line)
    bytes += line.length
    if (bytes >= INITIAL_CHUNK_BYTES) await flush()
  }
  await flush()
}

function drained(sink: Writable, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      sink.off('drain', done)
      signal.removeEventListener('abort', done)
      resolve()
    }
    sink.on('drain', done)
    signal.addEventListener('abort', done, { once: true })
  })
}

class WatchTimers {
  private readonly timers: NodeJS.Timeout[] = []

  constructor(source: WatchSource, sink: Writable, { random, end }: { random: () => number; end: () => void }) {
    const seconds = source.timeoutSeconds
    const lifetimeMs = seconds !== undefined && seconds > 0 ? seconds * 1000 : DEFAULT_TIMEOUT_MS * (1 + random())
    this.timers.push(setTimeout(end, lifetimeMs))
    if (!source.allowBookmarks) return
    const bookmark = () => sink.write(source.bookmark())
    this.timers.push(setInterval(bookmark, BOOKMARK_INTERVAL_MS))
    const lastMs = lifetimeMs - LAST_BOOKMARK_BEFORE_END_MS
    if (lastMs > LAST_BOOKMARK_BEFORE_END_MS) this.timers.push(setTimeout(bookmark, lastMs))
  }

  stop(): void {
    for (const timer of this.timers) clearTimeout(timer)
  }
}

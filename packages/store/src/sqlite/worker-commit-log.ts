import { Worker } from 'node:worker_threads'
import type { CommitLog, Compaction } from '../commit-log.ts'
import { type StoreEvent, WriteFailedError } from '../store.ts'
import { type LogRecord, packRecords } from './frame.ts'
import type { FromWorker, Sealing, ToWorker, WorkerInput } from './messages.ts'
import { Replay } from './replay.ts'

export interface OpenedLog {
  readonly log: CommitLog
  readonly revision: number
  readonly compactedRevision: number
  /** What the log holds, oldest first. */
  readonly events: readonly StoreEvent[]
}

/** Opens the database on a thread of its own. Throws an Error with one clear line when it can't be used. */
export async function openWorkerLog(path: string, sealing?: Sealing): Promise<OpenedLog> {
  const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js'
  const workerData: WorkerInput = { path, sealing }
  const worker = new Worker(new URL(`./sqlite-worker${extension}`, import.meta.url), { workerData, execArgv: [] })
  const replies = new Replies(worker)
  const replay = new Replay()
  for (;;) {
    const reply = await replies.next()
    if (reply.type === 'loaded') replay.add(reply.frame)
    else if (reply.type === 'refused') throw new Error(reply.message)
    else if (reply.type === 'opened') {
      const { revision, compactedRevision } = reply
      return { log: new WorkerCommitLog(worker, replies), revision, compactedRevision, events: replay.events }
    }
  }
}

class WorkerCommitLog implements CommitLog {
  readonly #worker: Worker
  readonly #replies: Replies

  constructor(worker: Worker, replies: Replies) {
    this.#worker = worker
    this.#replies = replies
  }

  async commit(group: readonly StoreEvent[], compaction: Compaction): Promise<void> {
    const frame = packRecords(group.map(recordOf))
    this.#send({ type: 'commit', frame, compaction }, [frame])
    const reply = await this.#replies.next()
    if (reply.type === 'failed') throw new WriteFailedError(`the write was not stored: ${reply.message}`, { fatal: reply.fatal })
  }

  async close(): Promise<void> {
    if (this.#replies.ended) return
    this.#send({ type: 'close' })
    await this.#replies.untilEnd()
  }

  #send(message: ToWorker, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer)
  }
}

/** What the worker says, one after the other; once it has died every wait fails. */
class Replies {
  readonly #arrived: FromWorker[] = []
  readonly #end = Promise.withResolvers<void>()
  #waiting: PromiseWithResolvers<FromWorker> | undefined
  #endedBy: Error | undefined

  constructor(worker: Worker) {
    worker.on('message', (message: FromWorker) => {
      if (this.#waiting === undefined) this.#arrived.push(message)
      else this.#waiting.resolve(message)
      this.#waiting = undefined
    })
    worker.on('error', (error) =>
      this.#endWith(new Error(`the database thread failed: ${error instanceof Error ? error.message : error}`, { cause: error })),
    )
    worker.on('exit', () => this.#endWith(new Error('the database thread has ended')))
  }

  get ended(): boolean {
    return this.#endedBy !== undefined
  }

  async next(): Promise<FromWorker> {
    const reply = this.#arrived.shift()
    if (reply !== undefined) return reply
    if (this.#endedBy !== undefined) throw this.#endedBy
    this.#waiting = Promise.withResolvers()
    return await this.#waiting.promise
  }

  async untilEnd(): Promise<void> {
    await this.#end.promise
  }

  #endWith(error: Error): void {
    this.#endedBy ??= error
    this.#waiting?.reject(this.#endedBy)
    this.#waiting = undefined
    this.#end.resolve()
  }
}

function recordOf(event: StoreEvent): LogRecord {
  const { revision } = event
  if (event.type === 'delete')
    return { revision, createRevision: event.previous.createRevision, key: event.key, value: undefined }
  return { revision, createRevision: event.entry.createRevision, key: event.entry.key, value: event.entry.value }
}

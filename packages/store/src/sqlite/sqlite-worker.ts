/** The thread that owns the database file. Started by sqlite-store.ts. */

import { parentPort, workerData } from 'node:worker_threads'
import Database from 'better-sqlite3'
import { type LogRecord, packRecords, unpackRecords } from './frame.ts'
import { LogDatabase } from './log-database.ts'
import type { FromWorker, ToWorker, WorkerInput } from './messages.ts'

/** Of loaded values in one message. */
const LOAD_BATCH_BYTES = 2 ** 20
/** After these nothing was written, and a later write may go well: the disk is full, a file may not grow, a value is too big. */
const RECOVERABLE = new Set(['SQLITE_FULL', 'SQLITE_IOERR_WRITE', 'SQLITE_TOOBIG'])

function main(input: WorkerInput): void {
  let database: LogDatabase
  try {
    database = new LogDatabase(input.path, input.sealing)
    load(database)
  } catch (error) {
    send({ type: 'refused', message: messageOf(error) })
    parentPort?.close()
    return
  }
  send({ type: 'opened', revision: database.revision, compactedRevision: database.compactedRevision })
  parentPort?.on('message', (message: ToWorker) => answer(database, message))
}

function load(database: LogDatabase): void {
  let batch: LogRecord[] = []
  let bytes = 0
  const flush = () => {
    const frame = packRecords(batch)
    send({ type: 'loaded', frame }, [frame])
    batch = []
    bytes = 0
  }
  for (const record of database.records()) {
    batch.push(record)
    bytes += record.value?.length ?? 0
    if (bytes >= LOAD_BATCH_BYTES) flush()
  }
  flush()
}

function answer(database: LogDatabase, message: ToWorker): void {
  if (message.type === 'close') {
    database.close()
    send({ type: 'closed' })
    parentPort?.close()
    return
  }
  try {
    database.commit(unpackRecords(message.frame), message.compaction)
  } catch (error) {
    send({ type: 'failed', message: messageOf(error) + cureOf(error, database), fatal: !isRecoverable(error) })
    return
  }
  send({ type: 'committed' })
  tidy(database)
}

function tidy(database: LogDatabase): void {
  try {
    database.tidy()
  } catch (error) {
    // A full disk can't be tidied; anything else, such as a failed fsync, leaves a file of unknown content.
    if (!isRecoverable(error)) throw error
  }
}

function isRecoverable(error: unknown): boolean {
  return error instanceof Database.SqliteError && RECOVERABLE.has(error.code)
}

function cureOf(error: unknown, { path }: LogDatabase): string {
  return error instanceof Database.SqliteError && error.code === 'SQLITE_FULL' ? `: make room where ${path} is` : ''
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function send(message: FromWorker, transfer: ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer)
}

main(workerData as WorkerInput)

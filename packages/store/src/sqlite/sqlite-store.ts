import { RevisionedStore } from '../revisioned-store.ts'
import { HISTORY_LIMITS, type HistoryLimits } from '../state/history.ts'
import { RevisionedState } from '../state/revisioned-state.ts'
import type { Store } from '../store.ts'
import type { Sealing } from './messages.ts'
import { openWorkerLog } from './worker-commit-log.ts'

export interface SqliteStoreOptions {
  /** The database file; its directory must exist. Files beside it share its name. */
  readonly path: string
  /** Encrypts some of the values in the file; in memory they are as they are. */
  readonly sealing?: Sealing
  readonly logger?: StoreLogger
  /** Monotonic milliseconds. */
  readonly clock?: () => number
  readonly history?: HistoryLimits
  /** Told once when the disk can't be trusted any more: reads go on, writes are refused, a restart is needed. */
  readonly onFailure?: (error: Error) => void
}

/** What the store needs of a pino logger. */
export interface StoreLogger {
  info(fields: object, message: string): void
  error(fields: object, message: string): void
}

/**
 * The embedded store: reads from memory, writes through one SQLite file that only this process may open.
 * Throws an Error with one clear line when the file is in use, damaged, behind what was acknowledged, or its
 * key is missing or another's.
 */
export async function createSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const { path, sealing, logger, clock = () => performance.now(), history = HISTORY_LIMITS, onFailure } = options
  const { log, events, revision, compactedRevision } = await openWorkerLog(path, sealing)
  const state = new RevisionedState({ limits: history, clock, revision, compactedRevision })
  state.apply(events)
  logger?.info({ path, revision, compactedRevision, records: events.length }, 'opened the database')
  return new RevisionedStore(state, log, (error) => {
    logger?.error({ path, err: error }, 'the database failed, writes are refused')
    onFailure?.(error)
  })
}

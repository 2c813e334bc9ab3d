import type { StoreEvent } from './store.ts'

/** Where writes become durable. A store calls `commit` for one group after the other, never two at once. */
export interface CommitLog {
  /**
   * Resolves once all of the group is durable. Throws a `WriteFailedError` after which none of it is there; when that is
   * fatal, commit is not called again.
   */
  commit(group: readonly StoreEvent[], compaction: Compaction): Promise<void>
  close(): Promise<void>
}

/** What the past may lose. It need not be durable: after a crash there is just more history than needed. */
export interface Compaction {
  readonly compactedRevision: number
  /** Revisions of writes that nothing refers to any more. */
  readonly obsolete: readonly number[]
}

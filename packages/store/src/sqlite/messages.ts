import type { Compaction } from '../commit-log.ts'

/** What the store and its worker thread say to each other. Frames are handed over, not copied. */
export type ToWorker =
  | { readonly type: 'commit'; readonly frame: ArrayBuffer; readonly compaction: Compaction }
  | { readonly type: 'close' }

export type FromWorker =
  /** A part of what is in the database, oldest first. */
  | { readonly type: 'loaded'; readonly frame: ArrayBuffer }
  | { readonly type: 'opened'; readonly revision: number; readonly compactedRevision: number }
  | { readonly type: 'refused'; readonly message: string }
  | { readonly type: 'committed' }
  /** None of the group is in the database. */
  | { readonly type: 'failed'; readonly message: string; readonly fatal: boolean }
  | { readonly type: 'closed' }

export interface WorkerInput {
  readonly path: string
}

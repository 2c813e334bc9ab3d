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

/** Which values are encrypted in the file, and where the key to them is. */
export interface Sealing {
  /** Made, readable by its owner only, when it isn't there yet. One key a line, base64: the first seals, all of them open. */
  readonly keyFile: string
  /** Of the keys whose values are sealed. */
  readonly prefixes: readonly string[]
}

export interface WorkerInput {
  readonly path: string
  readonly sealing: Sealing | undefined
}

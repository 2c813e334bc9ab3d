import type { CommitLog } from './commit-log.ts'
import { RevisionedStore } from './revisioned-store.ts'
import { HISTORY_LIMITS, type HistoryLimits } from './state/history.ts'
import { RevisionedState } from './state/revisioned-state.ts'
import type { Store } from './store.ts'

export interface MemoryStoreOptions {
  /** Monotonic milliseconds. */
  readonly clock?: () => number
  readonly history?: HistoryLimits
}

/** A store that ends with the process: for tests, and for clusters that are made to be thrown away. */
export function createMemoryStore({ clock = monotonicMs, history = HISTORY_LIMITS }: MemoryStoreOptions = {}): Store {
  return new RevisionedStore(new RevisionedState({ limits: history, clock }), NOTHING_TO_KEEP)
}

const NOTHING_TO_KEEP: CommitLog = { commit: async () => undefined, close: async () => undefined }

function monotonicMs(): number {
  return performance.now()
}

export { createMemoryStore, type MemoryStoreOptions } from './memory-store.ts'
export type { HistoryLimits } from './state/history.ts'
export * from './store.ts'

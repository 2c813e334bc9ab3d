export { createMemoryStore, type MemoryStoreOptions } from './memory-store.ts'
export { createSqliteStore, type SqliteStoreOptions, type StoreLogger } from './sqlite/sqlite-store.ts'
export type { HistoryLimits } from './state/history.ts'
export * from './store.ts'

export { createAdminToken, createJoinToken, type JoinToken } from './join-token.ts'
export type { MasterOptions } from './master-options.ts'
export { type Master, startMaster } from './start-master.ts'

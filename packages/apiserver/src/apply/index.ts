export { type Application, serverSideApply } from './server-side-apply.ts'
export { type TrackedUpdate, trackUpdate } from './track-update.ts'

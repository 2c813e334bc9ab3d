export { untypedConfig } from './check-config.ts'
export { mergeObjects } from './merge-objects.ts'
export { serverSideApply } from './server-side-apply.ts'
export { trackUpdate } from './track-update.ts'

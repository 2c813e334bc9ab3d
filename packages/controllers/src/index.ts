export type { HeartbeatSource } from './node-lifecycle/heartbeats.ts'
export { type ControllersOptions, startControllers } from './start-controllers.ts'

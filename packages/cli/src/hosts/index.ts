export { createFabric, type Fabric, fabricOf, removeFabric } from './fabric.ts'
export {
  cgroupOf,
  type DaemonOptions,
  type Host,
  hostAddress,
  hostPort,
  hostSocket,
  insideHost,
  powerOffHost,
  removeHost,
  startDaemon,
  startHost,
} from './host.ts'
export { isAlive, type ProcessIdentity, processIdentity } from './process-identity.ts'
export { run } from './run.ts'

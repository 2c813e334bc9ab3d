import { CONFIGURATION_TYPES } from './core-v1/configuration.ts'
import { CONTAINER_TYPES } from './core-v1/containers.ts'
import { EVENT_TYPES } from './core-v1/events.ts'
import { NAMESPACE_TYPES } from './core-v1/namespaces.ts'
import { NODE_TYPES } from './core-v1/nodes.ts'
import { PERSISTENT_VOLUME_TYPES } from './core-v1/persistent-volumes.ts'
import { POD_STATUS_TYPES } from './core-v1/pod-status.ts'
import { POD_TYPES } from './core-v1/pods.ts'
import { REFERENCE_TYPES } from './core-v1/references.ts'
import { REPLICATION_CONTROLLER_TYPES } from './core-v1/replication-controllers.ts'
import { SCHEDULING_TYPES } from './core-v1/scheduling.ts'
import { SECURITY_TYPES } from './core-v1/security.ts'
import { SERVICE_TYPES } from './core-v1/services.ts'
import { STORAGE_DRIVER_TYPES } from './core-v1/storage-drivers.ts'
import { VOLUME_TYPES } from './core-v1/volumes.ts'

/** The types of core/v1, a line a field: see parse-table.ts for the format. */
export const CORE_V1 = [
  POD_TYPES,
  POD_STATUS_TYPES,
  CONTAINER_TYPES,
  SECURITY_TYPES,
  SCHEDULING_TYPES,
  VOLUME_TYPES,
  STORAGE_DRIVER_TYPES,
  PERSISTENT_VOLUME_TYPES,
  REPLICATION_CONTROLLER_TYPES,
  SERVICE_TYPES,
  NODE_TYPES,
  NAMESPACE_TYPES,
  CONFIGURATION_TYPES,
  EVENT_TYPES,
  REFERENCE_TYPES,
].join('')

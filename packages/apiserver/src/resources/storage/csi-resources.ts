import {
  CSI_DRIVERS,
  CSI_NODES,
  CSI_STORAGE_CAPACITIES,
  type CSIDriver,
  type CSINode,
  type CSIStorageCapacity,
  VOLUME_ATTRIBUTES_CLASSES,
  type VolumeAttributesClass,
} from '@skiff/api'
import type { ResourceDefinition, TableColumn } from '../../registry/resource-definition.ts'
import { objectAge } from '../cells.ts'
import { AGE_COLUMN, integerColumn, NAME_COLUMN, textColumn } from '../columns.ts'
import { validateImmutable } from '../validate-immutable.ts'
import {
  validateAttributesClass,
  validateCapacity,
  validateDriver,
  validateDriverUpdate,
  validateNodeDrivers,
} from './validate-csi.ts'

export const csiDriverResource: ResourceDefinition = {
  info: CSI_DRIVERS,
  deleteReturnsObject: true,
  strategy: {
    countsGenerations: true,
    default: (driver: CSIDriver) => defaultDriver(driver),
    validate: (driver: CSIDriver) => validateDriver(driver),
    validateUpdate: (driver: CSIDriver, old: CSIDriver) => validateDriverUpdate(driver, old),
  },
  columns: {
    columns: [
      NAME_COLUMN,
      yesNoColumn('AttachRequired', 'Whether volumes must be attached to a node first.'),
      yesNoColumn('PodInfoOnMount', 'Whether it is told about the pod.'),
      yesNoColumn('StorageCapacity', 'Whether it tells how much it has left.'),
      textColumn('TokenRequests', 'Audiences of the tokens that it gets.'),
      yesNoColumn('RequiresRepublish', 'Whether volumes are refreshed from time to time.'),
      textColumn('Modes', 'How long its volumes live.'),
      AGE_COLUMN,
    ],
    cells: (driver: CSIDriver, now) => {
      const { spec } = driver
      const audiences = (spec.tokenRequests ?? []).map(({ audience }) => audience)
      return [
        driver.metadata.name,
        spec.attachRequired ?? true,
        spec.podInfoOnMount ?? false,
        spec.storageCapacity ?? false,
        audiences.length === 0 ? '<unset>' : audiences.join(','),
        spec.requiresRepublish ?? false,
        (spec.volumeLifecycleModes ?? []).join(','),
        objectAge(driver, now),
      ]
    },
  },
}

function yesNoColumn(name: string, description: string): TableColumn {
  return { name, type: 'boolean', description }
}

function defaultDriver({ spec }: CSIDriver): void {
  spec.attachRequired ??= true
  spec.podInfoOnMount ??= false
  spec.storageCapacity ??= false
  spec.fsGroupPolicy ||= 'ReadWriteOnceWithFSType'
  if ((spec.volumeLifecycleModes ?? []).length === 0) spec.volumeLifecycleModes = ['Persistent']
  spec.requiresRepublish ??= false
  spec.seLinuxMount ??= false
}

export const csiNodeResource: ResourceDefinition = {
  info: CSI_NODES,
  deleteReturnsObject: true,
  strategy: { validate: (node: CSINode) => validateNodeDrivers(node) },
  columns: {
    columns: [NAME_COLUMN, integerColumn('Drivers', 'Drivers that run on the node.'), AGE_COLUMN],
    cells: (node: CSINode, now) => [node.metadata.name, (node.spec?.drivers ?? []).length, objectAge(node, now)],
  },
}

export const csiStorageCapacityResource: ResourceDefinition = {
  info: CSI_STORAGE_CAPACITIES,
  strategy: {
    validate: (capacity: CSIStorageCapacity) => validateCapacity(capacity),
    validateUpdate: (capacity: CSIStorageCapacity, old: CSIStorageCapacity) => [
      ...validateImmutable(capacity.nodeTopology, old.nodeTopology, 'nodeTopology'),
      ...validateImmutable(capacity.storageClassName, old.storageClassName, 'storageClassName'),
    ],
  },
  columns: {
    columns: [
      NAME_COLUMN,
      textColumn('StorageClassName', 'The class that it is about.'),
      textColumn('Capacity', 'How much is left.'),
    ],
    cells: ({ metadata, storageClassName, capacity }: CSIStorageCapacity) => [
      metadata.name,
      storageClassName,
      String(capacity ?? '<unset>'),
    ],
  },
}

export const volumeAttributesClassResource: ResourceDefinition = {
  info: VOLUME_ATTRIBUTES_CLASSES,
  strategy: {
    validate: (attributes: VolumeAttributesClass) => validateAttributesClass(attributes),
    validateUpdate: (attributes: VolumeAttributesClass, old: VolumeAttributesClass) => [
      ...validateImmutable(attributes.driverName, old.driverName, 'driverName'),
      ...validateImmutable(attributes.parameters, old.parameters, 'parameters'),
    ],
  },
  columns: {
    columns: [NAME_COLUMN, textColumn('DriverName', 'The driver that knows the attributes.'), AGE_COLUMN],
    cells: (attributes: VolumeAttributesClass, now) => [
      attributes.metadata.name,
      attributes.driverName,
      objectAge(attributes, now),
    ],
  },
}

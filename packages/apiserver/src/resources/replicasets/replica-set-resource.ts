import { path, REPLICA_SETS, type ReplicaSet } from '@skiff/api'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import { containerImages, containerNames, objectAge, selectorCell } from '../cells.ts'
import { AGE_COLUMN, integerColumn, NAME_COLUMN, wideColumn } from '../columns.ts'
import { defaultPodSpec } from '../pods/default-pod-spec.ts'
import { keepStatus } from '../status.ts'
import { namesakeWarnings } from '../warnings/workload-warnings.ts'
import { validateReplicaSet, validateReplicaSetStatus, validateReplicaSetUpdate } from './validate-replica-set.ts'

export const replicaSetResource: ResourceDefinition = {
  info: REPLICA_SETS,
  subresources: ['status', 'scale'],
  scale: { specReplicas: 'spec.replicas', statusReplicas: 'status.replicas', selector: 'spec.selector' },
  strategy: {
    countsGenerations: true,
    default: (set: ReplicaSet) => defaultReplicaSet(set),
    prepareForCreate(set: ReplicaSet) {
      set.status = { replicas: 0 }
    },
    prepareForUpdate: (set: ReplicaSet, old: ReplicaSet) => keepStatus(set, old),
    validate: (set: ReplicaSet) => validateReplicaSet(set),
    validateUpdate: (set: ReplicaSet, old: ReplicaSet) => validateReplicaSetUpdate(set, old),
    validateStatusUpdate: (set: ReplicaSet) => validateReplicaSetStatus(set),
    warnings: namesakeWarnings(path('spec', 'template'), ({ spec }: ReplicaSet) => spec.template),
  },
  selectableFields: { 'status.replicas': (set) => String((set as unknown as ReplicaSet).status?.replicas ?? 0) },
  columns: {
    columns: [
      NAME_COLUMN,
      integerColumn('Desired', 'Pods that it should have.'),
      integerColumn('Current', 'Pods that it has.'),
      integerColumn('Ready', 'Pods that are ready.'),
      AGE_COLUMN,
      wideColumn('Containers', 'Names of the containers of the template.'),
      wideColumn('Images', 'Images of the containers of the template.'),
      wideColumn('Selector', 'Labels by which it finds its pods.'),
    ],
    cells: (set: ReplicaSet, now) => [
      set.metadata.name,
      set.spec.replicas ?? 0,
      set.status?.replicas ?? 0,
      set.status?.readyReplicas ?? 0,
      objectAge(set, now),
      containerNames(set.spec.template?.spec?.containers),
      containerImages(set.spec.template?.spec?.containers),
      selectorCell(set.spec.selector),
    ],
  },
}

function defaultReplicaSet({ spec }: ReplicaSet): void {
  spec.replicas ??= 1
  if (spec.template?.spec) defaultPodSpec(spec.template.spec)
}

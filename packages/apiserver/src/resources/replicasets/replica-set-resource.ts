import { path, REPLICA_SETS, type ReplicaSet } from '@skiff/api'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import { selectorCell } from '../cells.ts'
import { defaultPodSpec } from '../pods/default-pod-spec.ts'
import { withStatus } from '../status.ts'
import { namesakeWarnings } from '../warnings/workload-warnings.ts'
import { REPLICA_COLUMNS, replicaCells } from '../workloads/workload-columns.ts'
import { validateReplicaSet, validateReplicaSetStatus, validateReplicaSetUpdate } from './validate-replica-set.ts'

export const replicaSetResource: ResourceDefinition = {
  info: REPLICA_SETS,
  subresources: ['status', 'scale'],
  scale: { specReplicas: 'spec.replicas', statusReplicas: 'status.replicas', selector: 'spec.selector' },
  strategy: {
    ...withStatus(REPLICA_SETS),
    default: (set: ReplicaSet) => defaultReplicaSet(set),
    validate: (set: ReplicaSet) => validateReplicaSet(set),
    validateUpdate: (set: ReplicaSet, old: ReplicaSet) => validateReplicaSetUpdate(set, old),
    validateStatusUpdate: (set: ReplicaSet) => validateReplicaSetStatus(set),
    warnings: namesakeWarnings(path('spec', 'template'), ({ spec }: ReplicaSet) => spec.template),
  },
  selectableFields: { 'status.replicas': (set) => String((set as unknown as ReplicaSet).status?.replicas ?? 0) },
  columns: {
    columns: REPLICA_COLUMNS,
    cells: (set: ReplicaSet, now) => replicaCells(set, selectorCell(set.spec.selector), now),
  },
}

function defaultReplicaSet({ spec }: ReplicaSet): void {
  spec.replicas ??= 1
  if (spec.template?.spec) defaultPodSpec(spec.template.spec)
}

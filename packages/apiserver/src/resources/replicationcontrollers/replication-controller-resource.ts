import { path, REPLICATION_CONTROLLERS, type ReplicationController } from '@skiff/api'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import { labelsCell } from '../cells.ts'
import { defaultPodSpec } from '../pods/default-pod-spec.ts'
import { withStatus } from '../status.ts'
import { namesakeWarnings } from '../warnings/workload-warnings.ts'
import { REPLICA_COLUMNS, replicaCells } from '../workloads/workload-columns.ts'
import { validateReplicationController } from './validate-replication-controller.ts'

export const replicationControllerResource: ResourceDefinition = {
  info: REPLICATION_CONTROLLERS,
  subresources: ['status', 'scale'],
  orphansByDefault: {},
  scale: { specReplicas: 'spec.replicas', statusReplicas: 'status.replicas', selector: 'spec.selector' },
  strategy: {
    ...withStatus(REPLICATION_CONTROLLERS),
    default: (controller: ReplicationController) => defaultReplicationController(controller),
    validate: (controller: ReplicationController) => validateReplicationController(controller),
    warnings: namesakeWarnings(path('spec', 'template'), ({ spec }: ReplicationController) => spec.template),
  },
  selectableFields: {
    'status.replicas': (controller) => String((controller as unknown as ReplicationController).status?.replicas ?? 0),
  },
  columns: {
    columns: REPLICA_COLUMNS,
    cells: (controller: ReplicationController, now) => replicaCells(controller, labelsCell(controller.spec.selector), now),
  },
}

/** Without a selector or labels of its own it takes its template's. */
function defaultReplicationController({ metadata, spec }: ReplicationController): void {
  spec.replicas ??= 1
  const labels = spec.template?.metadata?.labels
  if (labels !== undefined) {
    if (Object.keys(spec.selector ?? {}).length === 0) spec.selector = { ...labels }
    if (Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels }
  }
  if (spec.template?.spec) defaultPodSpec(spec.template.spec)
}

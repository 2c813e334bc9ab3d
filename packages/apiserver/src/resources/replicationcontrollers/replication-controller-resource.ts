import { path, REPLICATION_CONTROLLERS, type ReplicationController } from '@skiff/api'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import { labelsCell, objectAge } from '../cells.ts'
import { AGE_COLUMN, integerColumn, NAME_COLUMN } from '../columns.ts'
import { defaultPodSpec } from '../pods/default-pod-spec.ts'
import { withStatus } from '../status.ts'
import { namesakeWarnings } from '../warnings/workload-warnings.ts'
import { SELECTOR_COLUMN, TEMPLATE_COLUMNS, templateCells } from '../workloads/workload-columns.ts'
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
    columns: [
      NAME_COLUMN,
      integerColumn('Desired', 'Pods that it should have.'),
      integerColumn('Current', 'Pods that it has.'),
      integerColumn('Ready', 'Pods that are ready.'),
      AGE_COLUMN,
      ...TEMPLATE_COLUMNS,
      SELECTOR_COLUMN,
    ],
    cells: (controller: ReplicationController, now) => [
      controller.metadata.name,
      controller.spec.replicas ?? 0,
      controller.status?.replicas ?? 0,
      controller.status?.readyReplicas ?? 0,
      objectAge(controller, now),
      ...templateCells(controller.spec.template),
      labelsCell(controller.spec.selector),
    ],
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

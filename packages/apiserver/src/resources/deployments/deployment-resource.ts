import { DEPLOYMENTS, type Deployment, path } from '@skiff/api'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import { objectAge, selectorCell } from '../cells.ts'
import { AGE_COLUMN, NAME_COLUMN, textColumn } from '../columns.ts'
import { defaultPodSpec } from '../pods/default-pod-spec.ts'
import { keepField, withStatus } from '../status.ts'
import { namesakeWarnings } from '../warnings/workload-warnings.ts'
import { SELECTOR_COLUMN, TEMPLATE_COLUMNS, templateCells } from '../workloads/workload-columns.ts'
import { validateDeployment, validateDeploymentStatus, validateDeploymentUpdate } from './validate-deployment.ts'

const DEFAULT_SHARE = '25%'
const DEFAULT_HISTORY = 10
const DEFAULT_DEADLINE_SECONDS = 600

export const deploymentResource: ResourceDefinition = {
  info: DEPLOYMENTS,
  subresources: ['status', 'scale'],
  scale: { specReplicas: 'spec.replicas', statusReplicas: 'status.replicas', selector: 'spec.selector' },
  strategy: {
    ...withStatus(DEPLOYMENTS),
    annotationsAreGenerations: true,
    default: (deployment: Deployment) => defaultDeployment(deployment),
    prepareForStatusUpdate: ({ metadata }: Deployment, old: Deployment) => keepField(metadata, old.metadata, 'labels'),
    validate: (deployment: Deployment) => validateDeployment(deployment),
    validateUpdate: (deployment: Deployment, old: Deployment) => validateDeploymentUpdate(deployment, old),
    validateStatusUpdate: (deployment: Deployment, old: Deployment) => validateDeploymentStatus(deployment, old),
    warnings: namesakeWarnings(path('spec', 'template'), ({ spec }: Deployment) => spec.template),
  },
  columns: {
    columns: [
      NAME_COLUMN,
      textColumn('Ready', 'Ready pods of the pods that there should be.'),
      textColumn('Up-to-date', 'Pods of the newest template.'),
      textColumn('Available', 'Pods that have been ready for long enough.'),
      AGE_COLUMN,
      ...TEMPLATE_COLUMNS,
      SELECTOR_COLUMN,
    ],
    cells: (deployment: Deployment, now) => [
      deployment.metadata.name,
      `${deployment.status?.readyReplicas ?? 0}/${deployment.spec.replicas ?? 0}`,
      deployment.status?.updatedReplicas ?? 0,
      deployment.status?.availableReplicas ?? 0,
      objectAge(deployment, now),
      ...templateCells(deployment.spec.template),
      selectorCell(deployment.spec.selector),
    ],
  },
}

function defaultDeployment({ spec }: Deployment): void {
  spec.replicas ??= 1
  spec.revisionHistoryLimit ??= DEFAULT_HISTORY
  spec.progressDeadlineSeconds ??= DEFAULT_DEADLINE_SECONDS
  spec.strategy ??= {}
  spec.strategy.type ||= 'RollingUpdate'
  if (spec.strategy.type === 'RollingUpdate') {
    spec.strategy.rollingUpdate ??= {}
    spec.strategy.rollingUpdate.maxUnavailable ??= DEFAULT_SHARE
    spec.strategy.rollingUpdate.maxSurge ??= DEFAULT_SHARE
  }
  if (spec.template?.spec) defaultPodSpec(spec.template.spec)
}

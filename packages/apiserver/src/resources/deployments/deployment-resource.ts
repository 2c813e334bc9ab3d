import { DEPLOYMENTS, type Deployment, path } from '@skiff/api'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import { containerImages, containerNames, objectAge, selectorCell } from '../cells.ts'
import { AGE_COLUMN, NAME_COLUMN, textColumn, wideColumn } from '../columns.ts'
import { defaultPodSpec } from '../pods/default-pod-spec.ts'
import { keepField, keepStatus } from '../status.ts'
import { namesakeWarnings } from '../warnings/workload-warnings.ts'
import { validateDeployment, validateDeploymentStatus, validateDeploymentUpdate } from './validate-deployment.ts'

const DEFAULT_SHARE = '25%'
const DEFAULT_HISTORY = 10
const DEFAULT_DEADLINE_SECONDS = 600

export const deploymentResource: ResourceDefinition = {
  info: DEPLOYMENTS,
  subresources: ['status', 'scale'],
  scale: { specReplicas: 'spec.replicas', statusReplicas: 'status.replicas', selector: 'spec.selector' },
  strategy: {
    countsGenerations: true,
    annotationsAreGenerations: true,
    default: (deployment: Deployment) => defaultDeployment(deployment),
    prepareForCreate(deployment: Deployment) {
      deployment.status = {}
    },
    prepareForUpdate: (deployment: Deployment, old: Deployment) => keepStatus(deployment, old),
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
      wideColumn('Containers', 'Names of the containers of the template.'),
      wideColumn('Images', 'Images of the containers of the template.'),
      wideColumn('Selector', 'Labels by which it finds its pods.'),
    ],
    cells: (deployment: Deployment, now) => [
      deployment.metadata.name,
      `${deployment.status?.readyReplicas ?? 0}/${deployment.spec.replicas ?? 0}`,
      deployment.status?.updatedReplicas ?? 0,
      deployment.status?.availableReplicas ?? 0,
      objectAge(deployment, now),
      containerNames(deployment.spec.template?.spec?.containers),
      containerImages(deployment.spec.template?.spec?.containers),
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

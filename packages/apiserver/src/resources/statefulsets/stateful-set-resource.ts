import { path, STATEFUL_SETS, type StatefulSet } from '@skiff/api'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import { objectAge } from '../cells.ts'
import { AGE_COLUMN, NAME_COLUMN, textColumn } from '../columns.ts'
import { defaultClaim } from '../persistentvolumeclaims/default-claim.ts'
import { defaultPodSpec } from '../pods/default-pod-spec.ts'
import { withStatus } from '../status.ts'
import { templateWarnings } from '../warnings/workload-warnings.ts'
import { TEMPLATE_COLUMNS, templateCells } from '../workloads/workload-columns.ts'
import { validateStatefulSet, validateStatefulSetUpdate } from './validate-stateful-set.ts'

const DEFAULT_HISTORY = 10

export const statefulSetResource: ResourceDefinition = {
  info: STATEFUL_SETS,
  subresources: ['status', 'scale'],
  scale: { specReplicas: 'spec.replicas', statusReplicas: 'status.replicas', selector: 'spec.selector' },
  strategy: {
    ...withStatus(STATEFUL_SETS),
    default: (set: StatefulSet) => defaultStatefulSet(set),
    validate: (set: StatefulSet) => validateStatefulSet(set),
    validateUpdate: (set: StatefulSet, old: StatefulSet) => validateStatefulSetUpdate(set, old),
    warnings: templateWarnings(path('spec', 'template'), ({ spec }: StatefulSet) => spec.template),
  },
  columns: {
    columns: [NAME_COLUMN, textColumn('Ready', 'Ready pods of the pods that there should be.'), AGE_COLUMN, ...TEMPLATE_COLUMNS],
    cells: (set: StatefulSet, now) => [
      set.metadata.name,
      `${set.status?.readyReplicas ?? 0}/${set.spec.replicas ?? 0}`,
      objectAge(set, now),
      ...templateCells(set.spec.template),
    ],
  },
}

function defaultStatefulSet({ spec }: StatefulSet): void {
  spec.podManagementPolicy ||= 'OrderedReady'
  spec.replicas ??= 1
  spec.revisionHistoryLimit ??= DEFAULT_HISTORY
  spec.updateStrategy ??= {}
  spec.updateStrategy.type ||= 'RollingUpdate'
  if (spec.updateStrategy.type === 'RollingUpdate') {
    spec.updateStrategy.rollingUpdate ??= {}
    spec.updateStrategy.rollingUpdate.partition ??= 0
    spec.updateStrategy.rollingUpdate.maxUnavailable ??= 1
  }
  spec.persistentVolumeClaimRetentionPolicy ??= {}
  spec.persistentVolumeClaimRetentionPolicy.whenDeleted ||= 'Retain'
  spec.persistentVolumeClaimRetentionPolicy.whenScaled ||= 'Retain'
  if (spec.template?.spec) defaultPodSpec(spec.template.spec)
  for (const claim of spec.volumeClaimTemplates ?? []) {
    Object.assign(claim, { apiVersion: 'v1', kind: 'PersistentVolumeClaim' })
    defaultClaim(claim)
  }
}

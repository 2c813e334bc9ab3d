import type { PodTemplateSpec, ReplicaSet, ReplicationController } from '@skiff/api'
import type { TableCell } from '../../registry/resource-definition.ts'
import { containerImages, containerNames, objectAge } from '../cells.ts'
import { AGE_COLUMN, integerColumn, NAME_COLUMN, wideColumn } from '../columns.ts'

/** What `-o wide` adds for every kind with a pod template; kinds with a selector add it as well. */
export const TEMPLATE_COLUMNS = [
  wideColumn('Containers', 'Names of the containers of the template.'),
  wideColumn('Images', 'Images of the containers of the template.'),
]

export const SELECTOR_COLUMN = wideColumn('Selector', 'Labels by which it finds its pods.')

export function templateCells(template: PodTemplateSpec | undefined): TableCell[] {
  return [containerNames(template?.spec?.containers), containerImages(template?.spec?.containers)]
}

/** Of ReplicaSets and ReplicationControllers, which differ in the form of their selectors only. */
export const REPLICA_COLUMNS = [
  NAME_COLUMN,
  integerColumn('Desired', 'Pods that it should have.'),
  integerColumn('Current', 'Pods that it has.'),
  integerColumn('Ready', 'Pods that are ready.'),
  AGE_COLUMN,
  ...TEMPLATE_COLUMNS,
  SELECTOR_COLUMN,
]

export function replicaCells(set: ReplicaSet | ReplicationController, selector: string, now: Date): TableCell[] {
  return [
    set.metadata.name,
    set.spec.replicas ?? 0,
    set.status?.replicas ?? 0,
    set.status?.readyReplicas ?? 0,
    objectAge(set, now),
    ...templateCells(set.spec.template),
    selector,
  ]
}

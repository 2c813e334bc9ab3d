import {
  HORIZONTAL_POD_AUTOSCALERS,
  HORIZONTAL_POD_AUTOSCALERS_V1,
  type HorizontalPodAutoscaler,
  type HorizontalPodAutoscalerV1,
  type KubeObject,
} from '@skiff/api'
import type { ResourceDefinition, TableColumns } from '../../registry/resource-definition.ts'
import { objectAge } from '../cells.ts'
import { AGE_COLUMN, NAME_COLUMN, textColumn } from '../columns.ts'
import { withStatus } from '../status.ts'
import { fromV2, toV2 } from './convert-v1.ts'
import { defaultAutoscaler } from './default-hpa.ts'
import { targetsCell } from './targets-cell.ts'
import { validateAutoscaler } from './validate-hpa.ts'

const columns: TableColumns = {
  columns: [
    NAME_COLUMN,
    textColumn('Reference', 'What it scales.'),
    textColumn('Targets', 'Measured and wanted values.'),
    textColumn('MinPods', 'Fewest pods that it goes down to.'),
    textColumn('MaxPods', 'Most pods that it goes up to.'),
    textColumn('Replicas', 'Pods that there are.'),
    AGE_COLUMN,
  ],
  cells: (autoscaler: HorizontalPodAutoscaler, now) => [
    autoscaler.metadata.name,
    `${autoscaler.spec.scaleTargetRef?.kind ?? ''}/${autoscaler.spec.scaleTargetRef?.name ?? ''}`,
    targetsCell(autoscaler),
    String(autoscaler.spec.minReplicas ?? '<unset>'),
    autoscaler.spec.maxReplicas,
    autoscaler.status?.currentReplicas ?? 0,
    objectAge(autoscaler, now),
  ],
}

export const horizontalPodAutoscalerResource: ResourceDefinition = {
  info: HORIZONTAL_POD_AUTOSCALERS,
  subresources: ['status'],
  strategy: {
    ...withStatus(HORIZONTAL_POD_AUTOSCALERS),
    countsGenerations: false,
    default: (autoscaler: HorizontalPodAutoscaler) => defaultAutoscaler(autoscaler),
    validate: (autoscaler: HorizontalPodAutoscaler) => validateAutoscaler(autoscaler),
  },
  columns,
}

/** The same objects, with one metric only: the others travel in annotations. */
export const horizontalPodAutoscalerV1Resource: ResourceDefinition = {
  info: HORIZONTAL_POD_AUTOSCALERS_V1,
  subresources: ['status'],
  strategy: {
    default: ({ spec }: HorizontalPodAutoscalerV1) => {
      spec.minReplicas ??= 1
    },
    validate: () => [],
  },
  conversion: {
    storage: HORIZONTAL_POD_AUTOSCALERS,
    toStored: (object) => toV2(object as unknown as HorizontalPodAutoscalerV1) as unknown as KubeObject,
    fromStored: (object) => fromV2(object as unknown as HorizontalPodAutoscaler) as unknown as KubeObject,
  },
  columns: {
    ...columns,
    cells: (autoscaler, now) => columns.cells(toV2(autoscaler as unknown as HorizontalPodAutoscalerV1) as never, now),
  },
}

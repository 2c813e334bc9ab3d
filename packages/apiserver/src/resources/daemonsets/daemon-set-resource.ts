import { DAEMON_SETS, type DaemonSet, path } from '@skiff/api'
import { jsonEquals } from '../../patch/json-value.ts'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import { labelsCell, objectAge, selectorCell } from '../cells.ts'
import { AGE_COLUMN, integerColumn, NAME_COLUMN, textColumn } from '../columns.ts'
import { defaultPodSpec } from '../pods/default-pod-spec.ts'
import { clearStatus, keepStatus } from '../status.ts'
import { templateWarnings } from '../warnings/workload-warnings.ts'
import { SELECTOR_COLUMN, TEMPLATE_COLUMNS, templateCells } from '../workloads/workload-columns.ts'
import { validateDaemonSet, validateDaemonSetUpdate } from './validate-daemon-set.ts'

const DEFAULT_HISTORY = 10
/** Counts changes of the template; clients still read it. */
const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation'

export const daemonSetResource: ResourceDefinition = {
  info: DAEMON_SETS,
  subresources: ['status'],
  strategy: {
    countsGenerations: true,
    default: (set: DaemonSet) => defaultDaemonSet(set),
    prepareForCreate(set: DaemonSet) {
      clearStatus(DAEMON_SETS, set)
      countTemplate(set, 1)
    },
    prepareForUpdate(set: DaemonSet, old: DaemonSet) {
      keepStatus(set, old)
      const before = Number(old.metadata.annotations?.[TEMPLATE_GENERATION] ?? 0)
      countTemplate(set, jsonEquals(set.spec.template, old.spec.template) ? before : before + 1)
    },
    validate: (set: DaemonSet) => validateDaemonSet(set),
    warnings: templateWarnings(path('spec', 'template'), ({ spec }: DaemonSet) => spec.template),
    validateUpdate: (set: DaemonSet, old: DaemonSet) => validateDaemonSetUpdate(set, old),
  },
  columns: {
    columns: [
      NAME_COLUMN,
      integerColumn('Desired', 'Nodes that should run its pod.'),
      integerColumn('Current', 'Nodes that run at least one of its pods.'),
      integerColumn('Ready', 'Nodes whose pod is ready.'),
      integerColumn('Up-to-date', 'Nodes whose pod has the newest template.'),
      integerColumn('Available', 'Nodes whose pod has been ready for long enough.'),
      textColumn('Node Selector', 'Labels of the nodes that it is meant for.'),
      AGE_COLUMN,
      ...TEMPLATE_COLUMNS,
      SELECTOR_COLUMN,
    ],
    cells: (set: DaemonSet, now) => [
      set.metadata.name,
      set.status?.desiredNumberScheduled ?? 0,
      set.status?.currentNumberScheduled ?? 0,
      set.status?.numberReady ?? 0,
      set.status?.updatedNumberScheduled ?? 0,
      set.status?.numberAvailable ?? 0,
      labelsCell(set.spec.template?.spec?.nodeSelector),
      objectAge(set, now),
      ...templateCells(set.spec.template),
      selectorCell(set.spec.selector),
    ],
  },
}

function countTemplate({ metadata }: DaemonSet, generation: number): void {
  metadata.annotations = { ...metadata.annotations, [TEMPLATE_GENERATION]: String(generation) }
}

function defaultDaemonSet({ spec }: DaemonSet): void {
  spec.updateStrategy ??= {}
  spec.updateStrategy.type ||= 'RollingUpdate'
  if (spec.updateStrategy.type === 'RollingUpdate') {
    spec.updateStrategy.rollingUpdate ??= {}
    spec.updateStrategy.rollingUpdate.maxUnavailable ??= 1
    spec.updateStrategy.rollingUpdate.maxSurge ??= 0
  }
  spec.revisionHistoryLimit ??= DEFAULT_HISTORY
  if (spec.template?.spec) defaultPodSpec(spec.template.spec)
}

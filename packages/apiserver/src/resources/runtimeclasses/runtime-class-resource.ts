import { dnsLabelProblems, type FieldError, invalidEach, path, RUNTIME_CLASSES, type RuntimeClass } from '@skiff/api'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import { objectAge } from '../cells.ts'
import { AGE_COLUMN, NAME_COLUMN, textColumn } from '../columns.ts'
import { validateAmounts } from '../pods/validate-resources.ts'
import { validateTolerations } from '../pods/validate-tolerations.ts'
import { canonicalResourceList } from '../quantities.ts'
import { validateImmutable } from '../validate-immutable.ts'
import { validateLabels } from '../validate-selector.ts'

export const runtimeClassResource: ResourceDefinition = {
  info: RUNTIME_CLASSES,
  strategy: {
    default: ({ overhead }: RuntimeClass) => canonicalResourceList(overhead?.podFixed),
    validate: (runtimeClass: RuntimeClass) => validateRuntimeClass(runtimeClass),
    validateUpdate: ({ handler }: RuntimeClass, old: RuntimeClass) => validateImmutable(handler, old.handler, 'handler'),
  },
  columns: {
    columns: [NAME_COLUMN, textColumn('Handler', 'The runtime that its pods run in.'), AGE_COLUMN],
    cells: (runtimeClass: RuntimeClass, now) => [runtimeClass.metadata.name, runtimeClass.handler, objectAge(runtimeClass, now)],
  },
}

function validateRuntimeClass({ handler, overhead, scheduling }: RuntimeClass): FieldError[] {
  return [
    ...invalidEach('handler', handler, dnsLabelProblems(handler)),
    ...validateAmounts(overhead?.podFixed, path('overhead', 'podFixed')),
    ...validateLabels(scheduling?.nodeSelector, path('scheduling', 'nodeSelector')),
    ...validateTolerations(scheduling?.tolerations ?? [], path('scheduling', 'tolerations')),
  ]
}

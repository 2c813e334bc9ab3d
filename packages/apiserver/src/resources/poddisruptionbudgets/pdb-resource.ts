import { type FieldError, invalid, POD_DISRUPTION_BUDGETS, type PodDisruptionBudget, path } from '@skiff/api'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import { objectAge } from '../cells.ts'
import { AGE_COLUMN, integerColumn, NAME_COLUMN, textColumn } from '../columns.ts'
import { withStatus } from '../status.ts'
import { validateChoice } from '../validate-choice.ts'
import { validateAtMostAll, validateIntOrPercent } from '../validate-numbers.ts'
import { validateLabelSelector } from '../validate-selector.ts'

export const podDisruptionBudgetResource: ResourceDefinition = {
  info: POD_DISRUPTION_BUDGETS,
  subresources: ['status'],
  strategy: {
    ...withStatus(POD_DISRUPTION_BUDGETS),
    validate: (budget: PodDisruptionBudget) => validateBudget(budget),
  },
  columns: {
    columns: [
      NAME_COLUMN,
      textColumn('Min Available', 'Pods that must stay.'),
      textColumn('Max Unavailable', 'Pods that may be away.'),
      integerColumn('Allowed Disruptions', 'Pods that may be evicted now.'),
      AGE_COLUMN,
    ],
    cells: (budget: PodDisruptionBudget, now) => [
      budget.metadata.name,
      String(budget.spec.minAvailable ?? 'N/A'),
      String(budget.spec.maxUnavailable ?? 'N/A'),
      budget.status?.disruptionsAllowed ?? 0,
      objectAge(budget, now),
    ],
  },
}

function validateBudget({ spec }: PodDisruptionBudget): FieldError[] {
  const field = path('spec')
  const { minAvailable, maxUnavailable, selector, unhealthyPodEvictionPolicy } = spec
  if (minAvailable !== undefined && maxUnavailable !== undefined) {
    return [invalid(field, spec, 'minAvailable and maxUnavailable cannot be both set')]
  }
  return [
    ...validateIntOrPercent(minAvailable, field.child('minAvailable')),
    ...validateAtMostAll(minAvailable, field.child('minAvailable')),
    ...validateIntOrPercent(maxUnavailable, field.child('maxUnavailable')),
    ...validateAtMostAll(maxUnavailable, field.child('maxUnavailable')),
    ...(selector ? validateLabelSelector(selector, field.child('selector')) : []),
    ...(unhealthyPodEvictionPolicy === undefined
      ? []
      : validateChoice(
          unhealthyPodEvictionPolicy,
          ['AlwaysAllow', 'IfHealthyBudget'],
          field.child('unhealthyPodEvictionPolicy'),
        )),
  ]
}

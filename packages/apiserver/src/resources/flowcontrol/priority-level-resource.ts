import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  notSupported,
  PRIORITY_LEVEL_CONFIGURATIONS,
  type PriorityLevelConfiguration,
  path,
  required,
} from '@skiff/api'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import { objectAge } from '../cells.ts'
import { AGE_COLUMN, NAME_COLUMN, textColumn } from '../columns.ts'
import { withStatus } from '../status.ts'
import { validateNonNegative, validatePositive } from '../validate-numbers.ts'

const DEFAULT_SHARES = 30
const DEFAULT_QUEUING = { queues: 64, handSize: 8, queueLengthLimit: 50 } as const

export const priorityLevelResource: ResourceDefinition = {
  info: PRIORITY_LEVEL_CONFIGURATIONS,
  subresources: ['status'],
  strategy: {
    ...withStatus(PRIORITY_LEVEL_CONFIGURATIONS),
    statusKeepsMetadata: true,
    default: (level: PriorityLevelConfiguration) => defaultLevel(level),
    validate: (level: PriorityLevelConfiguration) => validateLevel(level),
  },
  columns: {
    columns: [
      NAME_COLUMN,
      textColumn('Type', 'Whether it is limited.'),
      textColumn('NominalConcurrencyShares', 'Its share of what is served at a time.'),
      textColumn('Queues', 'Queues that its requests wait in.'),
      textColumn('HandSize', 'Queues that one flow is spread over.'),
      textColumn('QueueLengthLimit', 'Requests that wait in one queue.'),
      AGE_COLUMN,
    ],
    cells(level: PriorityLevelConfiguration, now) {
      const { type, limited, exempt } = level.spec
      const queuing = limited?.limitResponse?.queuing
      return [
        level.metadata.name,
        type,
        String(limited?.nominalConcurrencyShares ?? exempt?.nominalConcurrencyShares ?? '<none>'),
        String(queuing?.queues ?? '<none>'),
        String(queuing?.handSize ?? '<none>'),
        String(queuing?.queueLengthLimit ?? '<none>'),
        objectAge(level, now),
      ]
    },
  },
}

function defaultLevel({ spec }: PriorityLevelConfiguration): void {
  if (spec.exempt) {
    spec.exempt.nominalConcurrencyShares ??= 0
    spec.exempt.lendablePercent ??= 0
  }
  if (!spec.limited) return
  spec.limited.nominalConcurrencyShares ??= DEFAULT_SHARES
  spec.limited.lendablePercent ??= 0
  const queuing = spec.limited.limitResponse?.queuing
  if (!queuing) return
  queuing.queues ||= DEFAULT_QUEUING.queues
  queuing.handSize ||= DEFAULT_QUEUING.handSize
  queuing.queueLengthLimit ||= DEFAULT_QUEUING.queueLengthLimit
}

function validateLevel({ spec }: PriorityLevelConfiguration): FieldError[] {
  const field = path('spec')
  switch (spec.type as string) {
    case 'Exempt':
      return spec.limited ? [forbiddenField(field.child('limited'), 'must be nil if the type is not Limited')] : []
    case 'Limited':
      return spec.limited
        ? validateLimited(spec.limited, field.child('limited'))
        : [required(field.child('limited'), 'must not be empty when type is Limited')]
    default:
      return [notSupported(field.child('type'), spec.type, ['Exempt', 'Limited'])]
  }
}

type Limited = NonNullable<PriorityLevelConfiguration['spec']['limited']>

function validateLimited(
  { nominalConcurrencyShares, lendablePercent = 0, limitResponse }: Limited,
  field: FieldPath,
): FieldError[] {
  const errors = validateNonNegative(nominalConcurrencyShares, field.child('nominalConcurrencyShares'))
  if (lendablePercent < 0 || lendablePercent > 100) {
    errors.push(invalid(field.child('lendablePercent'), lendablePercent, 'must be between 0 and 100, inclusive'))
  }
  return [...errors, ...validateResponse(limitResponse, field.child('limitResponse'))]
}

function validateResponse(response: Limited['limitResponse'], field: FieldPath): FieldError[] {
  const at = field.child('queuing')
  const queuing = response?.queuing
  switch (response?.type as string | undefined) {
    case 'Reject':
      return queuing ? [forbiddenField(at, 'must be nil if limited.limitResponse.type is not Limited')] : []
    case 'Queue':
      if (!queuing) return [required(at, 'must not be empty if limited.limitResponse.type is Limited')]
      return (['queues', 'handSize', 'queueLengthLimit'] as const).flatMap((name) =>
        validatePositive(queuing[name], at.child(name), 'must be positive'),
      )
    default:
      return [notSupported(field.child('type'), response?.type, ['Queue', 'Reject'])]
  }
}

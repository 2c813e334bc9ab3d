import {
  type ConditionLike,
  type FieldError,
  type FieldPath,
  FLOW_SCHEMAS,
  type FlowSchema,
  findCondition,
  invalid,
  notSupported,
  path,
  required,
  setCondition,
} from '@skiff/api'
import { danglingCondition } from '../../flow-control/dangling.ts'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import { objectAge } from '../cells.ts'
import { AGE_COLUMN, integerColumn, NAME_COLUMN, textColumn } from '../columns.ts'
import { withStatus } from '../status.ts'

const DEFAULT_PRECEDENCE = 1_000
const MAX_PRECEDENCE = 10_000

type Rule = NonNullable<FlowSchema['spec']['rules']>[number]

export const flowSchemaResource: ResourceDefinition = {
  info: FLOW_SCHEMAS,
  subresources: ['status'],
  strategy: {
    ...withStatus(FLOW_SCHEMAS),
    statusKeepsMetadata: true,
    prepareForCreate(schema: FlowSchema, { objects, now }) {
      schema.status = { conditions: [...setCondition<ConditionLike>([], danglingCondition(schema, objects), now)] } as object
    },
    default({ spec }: FlowSchema) {
      spec.matchingPrecedence ||= DEFAULT_PRECEDENCE
    },
    validate: (schema: FlowSchema) => validateFlowSchema(schema),
  },
  columns: {
    columns: [
      NAME_COLUMN,
      textColumn('PriorityLevel', 'The level that its requests are served at.'),
      integerColumn('MatchingPrecedence', 'Schemas with lower numbers are asked first.'),
      textColumn('DistinguisherMethod', 'What makes a flow of its own.'),
      AGE_COLUMN,
      textColumn('MissingPL', 'Whether its level does not exist.'),
    ],
    cells: (schema: FlowSchema, now) => [
      schema.metadata.name,
      schema.spec.priorityLevelConfiguration?.name ?? '',
      schema.spec.matchingPrecedence ?? 0,
      schema.spec.distinguisherMethod?.type ?? '<none>',
      objectAge(schema, now),
      findCondition(schema.status?.conditions as { type: string; status?: string }[] | undefined, 'Dangling')?.status ?? '?',
    ],
  },
}

function validateFlowSchema({ spec }: FlowSchema): FieldError[] {
  const field = path('spec')
  const { matchingPrecedence: precedence = 0, distinguisherMethod, priorityLevelConfiguration, rules = [] } = spec
  const errors: FieldError[] = []
  if (precedence <= 0) errors.push(invalid(field.child('matchingPrecedence'), precedence, 'must be a positive value'))
  if (precedence > MAX_PRECEDENCE) {
    errors.push(invalid(field.child('matchingPrecedence'), precedence, `must not be greater than ${MAX_PRECEDENCE}`))
  }
  const methods = ['ByNamespace', 'ByUser']
  if (distinguisherMethod && !methods.includes(distinguisherMethod.type)) {
    errors.push(notSupported(field.child('distinguisherMethod', 'type'), distinguisherMethod.type, methods))
  }
  if (!priorityLevelConfiguration?.name) {
    errors.push(required(field.child('priorityLevelConfiguration', 'name'), 'must reference a priority level'))
  }
  return [...errors, ...rules.flatMap((rule, index) => validateRule(rule, field.child('rules').index(index)))]
}

function validateRule({ subjects = [], resourceRules = [], nonResourceRules = [] }: Rule, field: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  if (subjects.length === 0) errors.push(required(field.child('subjects'), 'subjects must contain at least one value'))
  if (resourceRules.length === 0 && nonResourceRules.length === 0) {
    errors.push(required(field, 'at least one of resourceRules and nonResourceRules has to be non-empty'))
  }
  for (const [index, rule] of resourceRules.entries()) {
    const at = field.child('resourceRules').index(index)
    for (const name of ['verbs', 'apiGroups', 'resources'] as const)
      if ((rule[name] ?? []).length === 0) errors.push(required(at.child(name)))
    if ((rule.namespaces ?? []).length === 0 && rule.clusterScope !== true) {
      errors.push(
        required(at.child('namespaces'), 'resource rules that are not cluster scoped must supply at least one namespace'),
      )
    }
  }
  return errors
}

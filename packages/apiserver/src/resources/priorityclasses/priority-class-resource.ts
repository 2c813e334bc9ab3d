import { type FieldError, forbiddenField, PRIORITY_CLASSES, type PriorityClass, path } from '@skiff/api'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import { objectAge } from '../cells.ts'
import { AGE_COLUMN, integerColumn, NAME_COLUMN, textColumn } from '../columns.ts'
import { validateChoice } from '../validate-choice.ts'
import { validateImmutable } from '../validate-immutable.ts'
import { SYSTEM_PRIORITY_CLASSES } from './system-priority-classes.ts'

const HIGHEST_OF_USERS = 1_000_000_000

export const priorityClassResource: ResourceDefinition = {
  info: PRIORITY_CLASSES,
  strategy: {
    countsGenerations: true,
    default(priorityClass: PriorityClass) {
      priorityClass.preemptionPolicy ||= 'PreemptLowerPriority'
    },
    validate: (priorityClass: PriorityClass) => validatePriorityClass(priorityClass),
    validateUpdate: (priorityClass: PriorityClass, old: PriorityClass) => validatePriorityClassUpdate(priorityClass, old),
  },
  columns: {
    columns: [
      NAME_COLUMN,
      integerColumn('Value', 'The priority that its pods have.'),
      { name: 'Global-Default', type: 'boolean', description: 'Whether pods without a class are of it.' },
      AGE_COLUMN,
      textColumn('PreemptionPolicy', 'Whether its pods may displace others.'),
    ],
    cells: (priorityClass: PriorityClass, now) => [
      priorityClass.metadata.name,
      priorityClass.value ?? 0,
      priorityClass.globalDefault ?? false,
      objectAge(priorityClass, now),
      priorityClass.preemptionPolicy ?? '',
    ],
  },
}

function validatePriorityClass(priorityClass: PriorityClass): FieldError[] {
  const { name = '' } = priorityClass.metadata
  const errors: FieldError[] = []
  const problem = name.startsWith('system-') ? systemClassProblem(priorityClass) : undefined
  if (problem !== undefined) {
    const why = "priority class names with 'system-' prefix are reserved for system use only. error: "
    errors.push(forbiddenField('metadata.name', why + problem))
  } else if (!name.startsWith('system-') && (priorityClass.value ?? 0) > HIGHEST_OF_USERS) {
    const detail = `maximum allowed value of a user defined priority is ${HIGHEST_OF_USERS}`
    errors.push(forbiddenField('value', detail))
  }
  const policies = ['Never', 'PreemptLowerPriority']
  return [...errors, ...validateChoice(priorityClass.preemptionPolicy, policies, path('preemptionPolicy'))]
}

function systemClassProblem({ metadata: { name }, value, globalDefault = false }: PriorityClass): string | undefined {
  const known = SYSTEM_PRIORITY_CLASSES.find((each) => each.metadata.name === name)
  if (known === undefined) return `${name} is not a known system priority class`
  if (known.value !== value) return `value of ${name} PriorityClass must be ${known.value}`
  return globalDefault ? `globalDefault of ${name} PriorityClass must be false` : undefined
}

function validatePriorityClassUpdate(priorityClass: PriorityClass, old: PriorityClass): FieldError[] {
  const changed = priorityClass.value !== old.value
  return [
    ...(changed ? [forbiddenField('value', 'may not be changed in an update.')] : []),
    ...validateImmutable(priorityClass.preemptionPolicy, old.preemptionPolicy, 'preemptionPolicy'),
  ]
}

import {
  duplicate,
  type FieldError,
  type FieldPath,
  invalid,
  invalidEach,
  type PodSpec,
  qualifiedNameProblems,
  required,
} from '@skiff/api'
import { repeats } from '../repeats.ts'
import { validateChoice } from '../validate-choice.ts'
import { validateLabelSelector } from '../validate-selector.ts'

type Constraint = NonNullable<PodSpec['topologySpreadConstraints']>[number]

const ACTIONS = ['DoNotSchedule', 'ScheduleAnyway']
const INCLUSION_POLICIES = ['Honor', 'Ignore']

export function validateTopologySpread(constraints: readonly Constraint[], field: FieldPath): FieldError[] {
  const repeated = repeats(constraints, identity)
  return constraints.flatMap((constraint, index) => {
    const at = field.index(index)
    return [
      ...validateConstraint(constraint, at),
      ...(repeated.has(index) ? [duplicate(at.child('{topologyKey, whenUnsatisfiable}'), identity(constraint))] : []),
    ]
  })
}

function validateConstraint(constraint: Constraint, at: FieldPath): FieldError[] {
  const { maxSkew, topologyKey, whenUnsatisfiable, minDomains, labelSelector, nodeAffinityPolicy, nodeTaintsPolicy } = constraint
  const errors: FieldError[] = []
  if (maxSkew <= 0) errors.push(invalid(at.child('maxSkew'), maxSkew, 'must be greater than zero'))
  if (!topologyKey) errors.push(required(at.child('topologyKey'), 'can not be empty'))
  else errors.push(...invalidEach(at.child('topologyKey'), topologyKey, qualifiedNameProblems(topologyKey)))
  errors.push(...validateChoice(whenUnsatisfiable, ACTIONS, at.child('whenUnsatisfiable')))
  if (minDomains !== undefined) {
    if (minDomains <= 0) errors.push(invalid(at.child('minDomains'), minDomains, 'must be greater than zero'))
    if (whenUnsatisfiable !== 'DoNotSchedule') {
      errors.push(
        invalid(
          at.child('minDomains'),
          minDomains,
          'can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway',
        ),
      )
    }
  }
  if (nodeAffinityPolicy !== undefined) {
    errors.push(...validateChoice(nodeAffinityPolicy, INCLUSION_POLICIES, at.child('nodeAffinityPolicy')))
  }
  if (nodeTaintsPolicy !== undefined)
    errors.push(...validateChoice(nodeTaintsPolicy, INCLUSION_POLICIES, at.child('nodeTaintsPolicy')))
  if (labelSelector) errors.push(...validateLabelSelector(labelSelector, at.child('labelSelector')))
  return errors
}

function identity({ topologyKey, whenUnsatisfiable }: Constraint): string {
  return `{${topologyKey}, ${whenUnsatisfiable}}`
}

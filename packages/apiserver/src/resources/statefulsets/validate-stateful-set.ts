import { type FieldError, type FieldPath, forbiddenField, invalid, path, required, type StatefulSet } from '@skiff/api'
import { jsonEquals } from '../../patch/json-value.ts'
import { validateChoice } from '../validate-choice.ts'
import { isZero, validateAtMostAll, validateIntOrPercent, validateNonNegative } from '../validate-numbers.ts'
import { validateWorkloadSelector, validateWorkloadTemplate } from '../workloads/validate-workload.ts'

type Spec = StatefulSet['spec']

export function validateStatefulSet({ spec }: StatefulSet): FieldError[] {
  const field = path('spec')
  return [
    ...validateManagementPolicy(spec.podManagementPolicy, field.child('podManagementPolicy')),
    ...validateUpdateStrategy(spec.updateStrategy, field.child('updateStrategy')),
    ...validateRetention(spec.persistentVolumeClaimRetentionPolicy, field.child('persistentVolumeClaimRetentionPolicy')),
    ...validateNonNegative(spec.replicas, field.child('replicas')),
    ...validateNonNegative(spec.minReadySeconds, field.child('minReadySeconds')),
    ...validateNonNegative(spec.ordinals?.start, field.child('ordinals', 'start')),
    ...validateNonNegative(spec.revisionHistoryLimit, field.child('revisionHistoryLimit')),
    ...validateWorkloadSelector(spec.selector, 'statefulset', field.child('selector')),
    ...validateWorkloadTemplate(spec.template, spec.selector, field.child('template'), 'StatefulSet'),
  ]
}

function validateManagementPolicy(policy: string | undefined, field: FieldPath): FieldError[] {
  if (!policy) return [required(field)]
  const known = policy === 'OrderedReady' || policy === 'Parallel'
  return known ? [] : [invalid(field, policy, "must be 'OrderedReady' or 'Parallel'")]
}

function validateUpdateStrategy(strategy: Spec['updateStrategy'], field: FieldPath): FieldError[] {
  const rollingUpdate = field.child('rollingUpdate')
  switch (strategy?.type as string | undefined) {
    case undefined:
    case '':
      return [required(field)]
    case 'OnDelete':
      return strategy?.rollingUpdate
        ? [invalid(rollingUpdate, strategy.rollingUpdate, "only allowed for updateStrategy 'RollingUpdate'")]
        : []
    case 'RollingUpdate':
      return validateRollingUpdate(strategy?.rollingUpdate ?? {}, rollingUpdate)
    default:
      return [invalid(field, strategy, "must be 'RollingUpdate' or 'OnDelete'")]
  }
}

type RollingUpdate = NonNullable<NonNullable<Spec['updateStrategy']>['rollingUpdate']>

function validateRollingUpdate({ partition, maxUnavailable }: RollingUpdate, field: FieldPath): FieldError[] {
  const at = field.child('maxUnavailable')
  const errors = validateNonNegative(partition, field.child('partition'))
  if (maxUnavailable === undefined) return errors
  errors.push(...validateIntOrPercent(maxUnavailable, at))
  if (isZero(maxUnavailable)) errors.push(invalid(at, maxUnavailable, 'cannot be 0'))
  return [...errors, ...validateAtMostAll(maxUnavailable, at)]
}

function validateRetention(policy: Spec['persistentVolumeClaimRetentionPolicy'], field: FieldPath): FieldError[] {
  const choices = ['Retain', 'Delete']
  return [
    ...validateChoice(policy?.whenDeleted, choices, field.child('whenDeleted')),
    ...validateChoice(policy?.whenScaled, choices, field.child('whenScaled')),
  ]
}

const MUTABLE = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
] as const

export function validateStatefulSetUpdate({ spec }: StatefulSet, old: StatefulSet): FieldError[] {
  if (jsonEquals(fixedPart(spec), fixedPart(old.spec))) return []
  const names = MUTABLE.map((name) => `'${name}'`)
  const listed = `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
  return [forbiddenField('spec', `updates to statefulset spec for fields other than ${listed} are forbidden`)]
}

function fixedPart(spec: Spec): Partial<Spec> {
  const rest: Partial<Spec> = { ...spec }
  for (const name of MUTABLE) delete rest[name]
  return rest
}

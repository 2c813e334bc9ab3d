import {
  dnsLabelProblems,
  dnsSubdomainProblems,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  invalidEach,
  labelValueProblems,
  type PodSpec,
  qualifiedNameProblems,
  required,
} from '@skiff/api'
import { validateLabelSelector } from '../validate-selector.ts'

type Affinity = NonNullable<PodSpec['affinity']>
type NodeAffinity = NonNullable<Affinity['nodeAffinity']>
type NodeSelector = NonNullable<NodeAffinity['requiredDuringSchedulingIgnoredDuringExecution']>
type PodAffinity = NonNullable<Affinity['podAffinity']>
type PodTerm = NonNullable<PodAffinity['requiredDuringSchedulingIgnoredDuringExecution']>[number]
type NodeTerm = NonNullable<NodeAffinity['requiredDuringSchedulingIgnoredDuringExecution']>['nodeSelectorTerms'][number]
type NodeRequirement = NonNullable<NodeTerm['matchExpressions']>[number]

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution'
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution'

export function validateAffinity(affinity: Affinity | undefined, field: FieldPath): FieldError[] {
  if (!affinity) return []
  return [
    ...validateNodeAffinity(affinity.nodeAffinity, field.child('nodeAffinity')),
    ...validatePodAffinity(affinity.podAffinity, field.child('podAffinity')),
    ...validatePodAffinity(affinity.podAntiAffinity, field.child('podAntiAffinity')),
  ]
}

function validateNodeAffinity(affinity: NodeAffinity | undefined, field: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  const needed = affinity?.[REQUIRED]
  if (needed) errors.push(...validateNodeSelector(needed, field.child(REQUIRED)))
  for (const [index, { weight, preference }] of (affinity?.[PREFERRED] ?? []).entries()) {
    const at = field.child(PREFERRED).index(index)
    errors.push(...validateWeight(weight, at.child('weight')), ...validateNodeTerm(preference, at.child('preference')))
  }
  return errors
}

/** Nodes by their labels, as in node affinity and in a PersistentVolume. */
export function validateNodeSelector({ nodeSelectorTerms = [] }: NodeSelector, field: FieldPath): FieldError[] {
  const terms = field.child('nodeSelectorTerms')
  if (nodeSelectorTerms.length === 0) return [required(terms, 'must have at least one node selector term')]
  return nodeSelectorTerms.flatMap((term, index) => validateNodeTerm(term, terms.index(index)))
}

function validateNodeTerm({ matchExpressions = [], matchFields = [] }: NodeTerm, field: FieldPath): FieldError[] {
  return [
    ...matchExpressions.flatMap((each, index) => validateNodeRequirement(each, field.child('matchExpressions').index(index))),
    ...matchFields.flatMap((each, index) => validateNodeField(each, field.child('matchFields').index(index))),
  ]
}

function validateNodeRequirement({ key, operator, values = [] }: NodeRequirement, field: FieldPath): FieldError[] {
  const at = field.child('values')
  const errors = validateNodeOperator(operator, values.length, field)
  errors.push(...invalidEach(field.child('key'), key, qualifiedNameProblems(key)))
  errors.push(...values.flatMap((value, index) => invalidEach(at.index(index), value, labelValueProblems(value))))
  return errors
}

function validateNodeOperator(operator: string, values: number, field: FieldPath): FieldError[] {
  const at = field.child('values')
  switch (operator) {
    case 'In':
    case 'NotIn':
      return values > 0 ? [] : [required(at, "must be specified when `operator` is 'In' or 'NotIn'")]
    case 'Exists':
    case 'DoesNotExist':
      return values === 0 ? [] : [forbiddenField(at, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")]
    case 'Gt':
    case 'Lt':
      return values === 1 ? [] : [required(at, "must be specified single value when `operator` is 'Lt' or 'Gt'")]
    default:
      return [invalid(field.child('operator'), operator, 'not a valid selector operator')]
  }
}

function validateNodeField({ key, operator, values = [] }: NodeRequirement, field: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  if (operator !== 'In' && operator !== 'NotIn') {
    errors.push(invalid(field.child('operator'), operator, 'not a valid selector operator'))
  } else if (values.length !== 1) {
    const detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
    errors.push(required(field.child('values'), detail))
  }
  if (key !== 'metadata.name') return [...errors, invalid(field.child('key'), key, 'not a valid field selector key')]
  return [
    ...errors,
    ...values.flatMap((value, index) => invalidEach(field.child('values').index(index), value, dnsSubdomainProblems(value))),
  ]
}

function validatePodAffinity(affinity: PodAffinity | undefined, field: FieldPath): FieldError[] {
  return [
    ...(affinity?.[REQUIRED] ?? []).flatMap((term, index) => validatePodTerm(term, field.child(REQUIRED).index(index))),
    ...(affinity?.[PREFERRED] ?? []).flatMap(({ weight, podAffinityTerm }, index) => {
      const at = field.child(PREFERRED).index(index)
      return [...validateWeight(weight, at.child('weight')), ...validatePodTerm(podAffinityTerm, at.child('podAffinityTerm'))]
    }),
  ]
}

function validatePodTerm(term: PodTerm, field: FieldPath): FieldError[] {
  const { labelSelector, namespaceSelector, namespaces = [], topologyKey = '' } = term
  const errors = [
    ...(labelSelector ? validateLabelSelector(labelSelector, field.child('labelSelector')) : []),
    ...(namespaceSelector ? validateLabelSelector(namespaceSelector, field.child('namespaceSelector')) : []),
    ...namespaces.flatMap((name) => invalidEach(field.child('namespace'), name, dnsLabelProblems(name))),
  ]
  const at = field.child('topologyKey')
  if (topologyKey === '') errors.push(required(at, 'can not be empty'))
  return [...errors, ...invalidEach(at, topologyKey, qualifiedNameProblems(topologyKey))]
}

function validateWeight(weight: number, field: FieldPath): FieldError[] {
  return weight >= 1 && weight <= 100 ? [] : [invalid(field, weight, 'must be in the range 1-100')]
}

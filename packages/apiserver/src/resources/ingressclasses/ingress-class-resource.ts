import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  INGRESS_CLASSES,
  type IngressClass,
  path,
  required,
  tooLong,
} from '@skiff/api'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import { objectAge } from '../cells.ts'
import { AGE_COLUMN, NAME_COLUMN, textColumn } from '../columns.ts'
import { validateDomainPrefixedPath } from '../domain-prefixed-path.ts'
import { validateChoice } from '../validate-choice.ts'
import { validateImmutable } from '../validate-immutable.ts'

const MAX_CONTROLLER_BYTES = 250

export const ingressClassResource: ResourceDefinition = {
  info: INGRESS_CLASSES,
  strategy: {
    countsGenerations: true,
    default({ spec }: IngressClass) {
      if (spec?.parameters) spec.parameters.scope ||= 'Cluster'
    },
    validate: (ingressClass: IngressClass) => validateIngressClass(ingressClass),
    validateUpdate: ({ spec }: IngressClass, old: IngressClass) =>
      validateImmutable(spec.controller, old.spec.controller, 'spec.controller'),
  },
  columns: {
    columns: [
      NAME_COLUMN,
      textColumn('Controller', 'Who serves Ingresses of this class.'),
      textColumn('Parameters', 'An object with more settings.'),
      AGE_COLUMN,
    ],
    cells: (ingressClass: IngressClass, now) => [
      ingressClass.metadata.name,
      ingressClass.spec?.controller ?? '',
      parametersCell(ingressClass),
      objectAge(ingressClass, now),
    ],
  },
}

function parametersCell({ spec }: IngressClass): string {
  const { kind, apiGroup, name } = spec?.parameters ?? {}
  if (kind === undefined) return '<none>'
  return `${kind}${apiGroup === undefined ? '' : `.${apiGroup}`}/${name}`
}

function validateIngressClass({ spec }: IngressClass): FieldError[] {
  const at = path('spec', 'controller')
  const controller = spec?.controller ?? ''
  return [
    ...(Buffer.byteLength(controller) > MAX_CONTROLLER_BYTES ? [tooLong(at, MAX_CONTROLLER_BYTES)] : []),
    ...validateDomainPrefixedPath(controller, at),
    ...(spec?.parameters ? validateParameters(spec.parameters, path('spec', 'parameters')) : []),
  ]
}

function validateParameters(parameters: NonNullable<IngressClass['spec']['parameters']>, field: FieldPath): FieldError[] {
  const { kind, name, scope, namespace } = parameters
  const errors = [
    ...(kind ? [] : [required(field.child('kind'), 'kind is required')]),
    ...(name ? [] : [required(field.child('name'), 'name is required')]),
    ...validateChoice(scope, ['Cluster', 'Namespace'], field.child('scope')),
  ]
  if (scope === 'Namespace' && !namespace) {
    errors.push(required(field.child('namespace'), "`parameters.scope` is set to 'Namespace'"))
  }
  if (scope === 'Cluster' && namespace !== undefined) {
    errors.push(forbiddenField(field.child('namespace'), "`parameters.scope` is set to 'Cluster'"))
  }
  return errors
}

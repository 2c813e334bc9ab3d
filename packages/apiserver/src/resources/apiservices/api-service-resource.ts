import {
  API_SERVICES,
  type APIService,
  type FieldError,
  findCondition,
  invalid,
  path,
  pathSegmentNameProblems,
  required,
} from '@skiff/api'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import { objectAge } from '../cells.ts'
import { AGE_COLUMN, NAME_COLUMN, textColumn } from '../columns.ts'
import { withStatus } from '../status.ts'

const MAX_GROUP_PRIORITY = 20_000
const MAX_VERSION_PRIORITY = 1_000

export const apiServiceResource: ResourceDefinition = {
  info: API_SERVICES,
  subresources: ['status'],
  strategy: {
    ...withStatus(API_SERVICES),
    countsGenerations: false,
    statusKeepsMetadata: true,
    default({ spec }: APIService) {
      if (spec.service) spec.service.port ??= 443
    },
    // The core group's is called `v1.`.
    nameProblems: pathSegmentNameProblems,
    validate: (service: APIService) => validateApiService(service),
  },
  columns: {
    columns: [
      NAME_COLUMN,
      textColumn('Service', 'The Service that answers, or Local.'),
      textColumn('Available', 'Whether it answers.'),
      AGE_COLUMN,
    ],
    cells: (service: APIService, now) => [
      service.metadata.name,
      service.spec.service ? `${service.spec.service.namespace}/${service.spec.service.name}` : 'Local',
      availableCell(service),
      objectAge(service, now),
    ],
  },
}

function availableCell({ status }: APIService): string {
  const condition = findCondition(status?.conditions, 'Available')
  if (condition === undefined) return 'Unknown'
  return condition.status === 'True' ? 'True' : `${condition.status} (${condition.reason ?? ''})`
}

function validateApiService({ metadata, spec }: APIService): FieldError[] {
  const field = path('spec')
  const { group = '', version = '', groupPriorityMinimum, versionPriority } = spec
  const errors: FieldError[] = []
  if (metadata.name !== `${version}.${group}`) {
    errors.push(invalid('metadata.name', metadata.name ?? '', 'must be `spec.version+"."+spec.group`'))
  }
  if (version === '') errors.push(required(field.child('version')))
  if (groupPriorityMinimum <= 0 || groupPriorityMinimum > MAX_GROUP_PRIORITY) {
    errors.push(
      invalid(field.child('groupPriorityMinimum'), groupPriorityMinimum, `must be positive and less than ${MAX_GROUP_PRIORITY}`),
    )
  }
  if (versionPriority <= 0 || versionPriority > MAX_VERSION_PRIORITY) {
    errors.push(
      invalid(field.child('versionPriority'), versionPriority, `must be positive and less than ${MAX_VERSION_PRIORITY}`),
    )
  }
  return [...errors, ...validateBackend(spec)]
}

function validateBackend({ service, caBundle, insecureSkipTLSVerify }: APIService['spec']): FieldError[] {
  const field = path('spec')
  if (!service) {
    const errors: FieldError[] = []
    if (caBundle) errors.push(invalid(field.child('caBundle'), caBundle, 'local APIServices may not have a caBundle'))
    if (insecureSkipTLSVerify) {
      errors.push(invalid(field.child('insecureSkipTLSVerify'), true, 'local APIServices may not have insecureSkipTLSVerify'))
    }
    return errors
  }
  const at = field.child('service')
  const errors: FieldError[] = []
  if (!service.namespace) errors.push(required(at.child('namespace')))
  if (!service.name) errors.push(required(at.child('name')))
  if (insecureSkipTLSVerify && caBundle) {
    errors.push(invalid(field.child('insecureSkipTLSVerify'), true, 'may not be true if caBundle is present'))
  }
  return errors
}

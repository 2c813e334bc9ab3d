import {
  canonicalQuantity,
  type FieldError,
  type FieldPath,
  invalid,
  invalidEach,
  notSupported,
  qualifiedNameProblems,
  required,
  tryParseQuantity,
} from '@skiff/api'

export interface FieldRef {
  apiVersion?: string
  fieldPath: string
}

export interface ResourceFieldRef {
  containerName?: string
  resource: string
  divisor?: string | number
}

/** What of a pod an environment variable may show. */
export const ENV_FIELDS = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
]

/** What of a pod a file of a downward API volume may show. */
export const VOLUME_FIELDS = ['metadata.annotations', 'metadata.labels', 'metadata.name', 'metadata.namespace', 'metadata.uid']

const RESOURCES = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
]
const SUFFIXES = '1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei'

export function validateFieldRef(ref: FieldRef, fields: readonly string[], at: FieldPath): FieldError[] {
  const field = at.child('fieldPath')
  if (!ref.fieldPath) return [required(field)]
  const subscript = /^(.*)\['(.*)'\]$/.exec(ref.fieldPath)
  if (subscript) return validateSubscript(subscript[1] ?? '', subscript[2] ?? '', at)
  if (fields.includes(ref.fieldPath)) return []
  if ([...ENV_FIELDS, ...VOLUME_FIELDS].includes(ref.fieldPath)) return [notSupported(field, ref.fieldPath, fields)]
  return [invalid(field, ref.fieldPath, `error converting fieldPath: field label not supported: ${ref.fieldPath}`)]
}

/** `metadata.labels['app']` */
function validateSubscript(base: string, key: string, at: FieldPath): FieldError[] {
  switch (base) {
    case 'metadata.annotations':
      return invalidEach(at, key, qualifiedNameProblems(key.toLowerCase()))
    case 'metadata.labels':
      return invalidEach(at, key, qualifiedNameProblems(key))
    default:
      return [invalid(at, base, 'does not support subscript')]
  }
}

export function validateResourceFieldRef(
  ref: ResourceFieldRef,
  at: FieldPath,
  options = { needsContainer: false },
): FieldError[] {
  const { resource, containerName } = ref
  if (options.needsContainer && !containerName) return [required(at.child('containerName'))]
  if (!resource) return [required(at.child('resource'))]
  const known = RESOURCES.includes(resource) || /^(limits|requests)\.hugepages-/.test(resource)
  const errors = known ? [] : [notSupported(at.child('resource'), resource, RESOURCES)]
  return [...errors, ...validateDivisor(ref, at.child('divisor'))]
}

function validateDivisor({ resource, divisor }: ResourceFieldRef, field: FieldPath): FieldError[] {
  const amount = tryParseQuantity(divisor)
  if (!amount || amount.nanos === 0n) return []
  const text = canonicalQuantity(amount)
  if (resource.endsWith('.cpu')) {
    return text === '1m' || text === '1'
      ? []
      : [invalid(field, resource, "only divisor's values 1m and 1 are supported with the cpu resource")]
  }
  if (SUFFIXES.split(', ').includes(text)) return []
  const kind = resource.endsWith('.memory') ? 'memory' : resource.includes('hugepages') ? 'hugepages' : 'local ephemeral storage'
  return [invalid(field, resource, `only divisor's values ${SUFFIXES} are supported with the ${kind} resource`)]
}

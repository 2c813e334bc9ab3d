import {
  configMapKeyProblems,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  invalidEach,
  path,
  required,
  type Secret,
  tooLong,
} from '@skiff/api'
import { jsonEquals } from '../../patch/json-value.ts'
import { MAX_DATA_BYTES } from '../configmaps/validate-config-map.ts'

export const SERVICE_ACCOUNT_NAME_ANNOTATION = 'kubernetes.io/service-account.name'

export function validateSecret(secret: Secret): FieldError[] {
  const { data = {} } = secret
  const errors = Object.keys(data).flatMap((key) => invalidEach(path('data').key(key), key, configMapKeyProblems(key)))
  const bytes = Object.values(data).reduce((sum, value) => sum + Buffer.byteLength(value, 'base64'), 0)
  if (bytes > MAX_DATA_BYTES) errors.push(tooLong('data', MAX_DATA_BYTES))
  return [...errors, ...validateType(secret)]
}

/** What each well-known type must carry. */
function validateType(secret: Secret): FieldError[] {
  const data = path('data')
  const keys = secret.data ?? {}
  const has = (key: string) => Object.hasOwn(keys, key)
  switch (secret.type) {
    case 'kubernetes.io/service-account-token': {
      const account = secret.metadata.annotations?.[SERVICE_ACCOUNT_NAME_ANNOTATION] ?? ''
      const field = path('metadata', 'annotations').key(SERVICE_ACCOUNT_NAME_ANNOTATION)
      return account === '' ? [required(field)] : []
    }
    case 'kubernetes.io/dockercfg':
      return validateJsonKey(keys['.dockercfg'], data.key('.dockercfg'))
    case 'kubernetes.io/dockerconfigjson':
      return validateJsonKey(keys['.dockerconfigjson'], data.key('.dockerconfigjson'))
    case 'kubernetes.io/basic-auth':
      if (has('username') || has('password')) return []
      return [required(data.key('username')), required(data.key('password'))]
    case 'kubernetes.io/ssh-auth':
      return (keys['ssh-privatekey'] ?? '') === '' ? [required(data.key('ssh-privatekey'))] : []
    case 'kubernetes.io/tls':
      return ['tls.crt', 'tls.key'].filter((key) => !has(key)).map((key) => required(data.key(key)))
    default:
      return []
  }
}

function validateJsonKey(encoded: string | undefined, field: FieldPath): FieldError[] {
  if (encoded === undefined) return [required(field)]
  try {
    JSON.parse(Buffer.from(encoded, 'base64').toString())
    return []
  } catch (error) {
    return [invalid(field, '<secret contents redacted>', error instanceof Error ? error.message : String(error))]
  }
}

export function validateSecretUpdate(secret: Secret, old: Secret): FieldError[] {
  const errors: FieldError[] = []
  if (secret.type !== old.type) errors.push(invalid('type', secret.type ?? '', 'field is immutable'))
  if (old.immutable !== true) return errors
  const sealed = 'field is immutable when `immutable` is set'
  if (secret.immutable !== true) errors.push(forbiddenField('immutable', sealed))
  if (!jsonEquals(secret.data ?? {}, old.data ?? {})) errors.push(forbiddenField('data', sealed))
  return errors
}

import {
  type ConfigMap,
  configMapKeyProblems,
  type FieldError,
  forbiddenField,
  invalid,
  invalidEach,
  path,
  tooLong,
} from '@skiff/api'
import { jsonEquals } from '../../patch/json-value.ts'

/** A ConfigMap or Secret must fit into one stored object; upstream's name for the object as a whole is `[]`. */
export const MAX_DATA_BYTES = 1024 * 1024

export function validateConfigMap({ data = {}, binaryData = {} }: ConfigMap): FieldError[] {
  const errors: FieldError[] = []
  let bytes = 0
  for (const [key, value] of Object.entries(data)) {
    errors.push(...keyErrors('data', key))
    if (Object.hasOwn(binaryData, key)) errors.push(invalid(path('data').key(key), key, 'duplicate of key present in binaryData'))
    bytes += Buffer.byteLength(value)
  }
  for (const [key, value] of Object.entries(binaryData)) {
    errors.push(...keyErrors('binaryData', key))
    bytes += Buffer.byteLength(value, 'base64')
  }
  if (bytes > MAX_DATA_BYTES) errors.push(tooLong('[]', MAX_DATA_BYTES))
  return errors
}

function keyErrors(field: string, key: string): FieldError[] {
  const problems = configMapKeyProblems(key)
  return problems.length === 0 ? [] : invalidEach(path(field).key(key), key, problems)
}

export function validateConfigMapUpdate(configMap: ConfigMap, old: ConfigMap): FieldError[] {
  if (old.immutable !== true) return []
  const errors: FieldError[] = []
  if (configMap.immutable !== true) errors.push(immutableField('immutable'))
  if (!jsonEquals(configMap.data ?? {}, old.data ?? {})) errors.push(immutableField('data'))
  if (!jsonEquals(configMap.binaryData ?? {}, old.binaryData ?? {})) errors.push(immutableField('binaryData'))
  return errors
}

function immutableField(field: string): FieldError {
  return forbiddenField(field, 'field is immutable when `immutable` is set')
}

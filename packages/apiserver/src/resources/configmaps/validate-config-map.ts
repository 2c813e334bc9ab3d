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
    errors.push(...invalidEach(path('data').key(key), key, configMapKeyProblems(key)))
    if (Object.hasOwn(binaryData, key)) errors.push(invalid(path('data').key(key), key, 'duplicate of key present in binaryData'))
    bytes += Buffer.byteLength(value)
  }
  for (const [key, value] of Object.entries(binaryData)) {
    errors.push(...invalidEach(path('binaryData').key(key), key, configMapKeyProblems(key)))
    bytes += Buffer.byteLength(value, 'base64')
  }
  if (bytes > MAX_DATA_BYTES) errors.push(tooLong('[]', MAX_DATA_BYTES))
  return errors
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

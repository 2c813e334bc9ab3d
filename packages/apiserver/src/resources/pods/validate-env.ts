import {
  type Container,
  configMapKeyProblems,
  dnsSubdomainProblems,
  envVarNameProblems,
  type FieldError,
  type FieldPath,
  fieldNotFound,
  invalid,
  invalidEach,
  required,
  type Volume,
} from '@skiff/api'
import { ENV_FIELDS, type FieldRef, validateFieldRef, validateResourceFieldRef } from './validate-downward-refs.ts'
import { validateVolumeFilePath } from './validate-paths.ts'

type EnvVar = NonNullable<Container['env']>[number]
type EnvFrom = NonNullable<Container['envFrom']>[number]
type ValueFrom = NonNullable<EnvVar['valueFrom']>

export function validateEnv(variables: readonly EnvVar[], volumes: readonly Volume[], field: FieldPath): FieldError[] {
  return variables.flatMap((variable, index) => {
    const at = field.index(index)
    const name = variable.name
      ? invalidEach(at.child('name'), variable.name, envVarNameProblems(variable.name))
      : [required(at.child('name'))]
    return [...name, ...validateValueFrom(variable, volumes, at.child('valueFrom'))]
  })
}

function validateValueFrom({ value, valueFrom }: EnvVar, volumes: readonly Volume[], field: FieldPath): FieldError[] {
  if (!valueFrom) return []
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = valueFrom
  const errors: FieldError[] = []
  if (fieldRef) errors.push(...validateFieldRef(fieldRef as FieldRef, ENV_FIELDS, field.child('fieldRef')))
  if (resourceFieldRef) errors.push(...validateResourceFieldRef(resourceFieldRef, field.child('resourceFieldRef')))
  if (configMapKeyRef) errors.push(...validateKeyRef(configMapKeyRef, field.child('configMapKeyRef')))
  if (secretKeyRef) errors.push(...validateKeyRef(secretKeyRef, field.child('secretKeyRef')))
  if (fileKeyRef) errors.push(...validateFileKeyRef(fileKeyRef, volumes, field.child('fileKeyRef')))
  const sources = [fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef].filter((source) => source !== undefined)
  if (sources.length === 0) errors.push(invalid(field, '', NO_SOURCE))
  else if (value) errors.push(invalid(field, '', 'may not be specified when `value` is not empty'))
  else if (sources.length > 1) errors.push(invalid(field, '', 'may not have more than one field specified at a time'))
  return errors
}

const NO_SOURCE = 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`'

function validateKeyRef({ name = '', key }: NonNullable<ValueFrom['configMapKeyRef']>, field: FieldPath): FieldError[] {
  const errors = invalidEach(field.child('name'), name, dnsSubdomainProblems(name))
  const keyField = field.child('key')
  return [...errors, ...(key ? invalidEach(keyField, key, configMapKeyProblems(key)) : [required(keyField)])]
}

/** Only a volume that the pod's own containers fill, and that goes with the pod (KEP-3721). */
function validateFileKeyRef(
  { volumeName, path, key }: NonNullable<ValueFrom['fileKeyRef']>,
  volumes: readonly Volume[],
  field: FieldPath,
): FieldError[] {
  const keyField = field.child('key')
  return [
    ...validateFileVolume(volumeName, volumes, field.child('volumeName')),
    ...(path ? validateVolumeFilePath(path, field.child('path')) : [required(field.child('path'))]),
    ...(key ? invalidEach(keyField, key, envVarNameProblems(key)) : [required(keyField)]),
  ]
}

function validateFileVolume(name: string, volumes: readonly Volume[], field: FieldPath): FieldError[] {
  if (!name) return [required(field)]
  const volume = volumes.find((one) => one.name === name)
  if (volume === undefined) return [fieldNotFound(field, name)]
  return volume.emptyDir ? [] : [invalid(field, name, 'referenced volume must be of type emptyDir')]
}

export function validateEnvFrom(sources: readonly EnvFrom[], field: FieldPath): FieldError[] {
  return sources.flatMap(({ prefix, configMapRef, secretRef }, index) => {
    const at = field.index(index)
    const errors = prefix ? invalidEach(at.child('prefix'), prefix, envVarNameProblems(prefix)) : []
    if (configMapRef) errors.push(...validateSourceName(configMapRef.name, at.child('configMapRef', 'name')))
    if (secretRef) errors.push(...validateSourceName(secretRef.name, at.child('secretRef', 'name')))
    // Upstream reports these on the list, not on the item.
    if (!configMapRef && !secretRef) errors.push(invalid(field, '', 'must specify one of: `configMapRef` or `secretRef`'))
    if (configMapRef && secretRef) errors.push(invalid(field, '', 'may not have more than one field specified at a time'))
    return errors
  })
}

function validateSourceName(name: string | undefined, field: FieldPath): FieldError[] {
  return name ? invalidEach(field, name, dnsSubdomainProblems(name)) : [required(field)]
}

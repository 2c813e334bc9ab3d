import {
  type Container,
  type FieldError,
  type FieldPath,
  fieldNotFound,
  forbiddenField,
  invalid,
  notSupported,
  required,
  type Volume,
} from '@skiff/api'
import { repeats } from '../repeats.ts'
import { validateLocalPath, validateNoBacksteps } from './validate-paths.ts'

type VolumeMount = NonNullable<Container['volumeMounts']>[number]

const PROPAGATIONS = ['Bidirectional', 'HostToContainer', 'None']

export function validateVolumeMounts(container: Container, volumes: readonly Volume[], field: FieldPath): FieldError[] {
  const mounts = container.volumeMounts ?? []
  const known = new Map(volumes.map((volume) => [volume.name, volume]))
  const repeated = repeats(mounts, ({ mountPath }) => mountPath)
  return mounts.flatMap((mount, index) => {
    const at = field.index(index)
    const errors: FieldError[] = []
    if (!mount.name) errors.push(required(at.child('name')))
    if (!known.has(mount.name)) errors.push(fieldNotFound(at.child('name'), mount.name))
    if (!mount.mountPath) errors.push(required(at.child('mountPath')))
    if (repeated.has(index)) {
      errors.push(invalid(at.child('mountPath'), mount.mountPath, 'must be unique'))
    }
    if ((container.volumeDevices ?? []).some(({ name }) => name === mount.name)) {
      errors.push(invalid(at.child('name'), mount.name, 'must not already exist in volumeDevices'))
    }
    return [...errors, ...validateSubPaths(mount, at, field), ...validatePropagation(mount, container, field)]
  })
}

/** Upstream reports the path itself on the list, what excludes it on the item. */
function validateSubPaths({ subPath = '', subPathExpr = '' }: VolumeMount, at: FieldPath, list: FieldPath): FieldError[] {
  const errors = subPath === '' ? [] : validateLocalPath(subPath, list.child('subPath'))
  if (subPathExpr === '') return errors
  if (subPath !== '') errors.push(invalid(at.child('subPathExpr'), subPathExpr, 'subPathExpr and subPath are mutually exclusive'))
  return [...errors, ...validateLocalPath(subPathExpr, list.child('subPathExpr'))]
}

function validatePropagation(mount: VolumeMount, container: Container, list: FieldPath): FieldError[] {
  const { mountPropagation, recursiveReadOnly, readOnly } = mount
  const errors: FieldError[] = []
  const field = list.child('mountPropagation')
  if (mountPropagation !== undefined && !PROPAGATIONS.includes(mountPropagation)) {
    errors.push(notSupported(field, mountPropagation, PROPAGATIONS))
  }
  if (mountPropagation === 'Bidirectional' && !container.securityContext?.privileged) {
    errors.push(forbiddenField(field, 'Bidirectional mount propagation is available only to privileged containers'))
  }
  if (recursiveReadOnly !== undefined && recursiveReadOnly !== 'Disabled' && !readOnly) {
    errors.push(forbiddenField(list.child('recursiveReadOnly'), 'may only be specified when readOnly is true'))
  }
  return errors
}

export function validateVolumeDevices(container: Container, volumes: readonly Volume[], field: FieldPath): FieldError[] {
  const devices = container.volumeDevices ?? []
  const known = new Map(volumes.map((volume) => [volume.name, volume]))
  const repeated = repeats(devices, ({ devicePath }) => devicePath)
  return devices.flatMap(({ name, devicePath }, index) => {
    const at = field.index(index)
    const volume = known.get(name)
    const errors: FieldError[] = []
    if (!name) errors.push(required(at.child('name')))
    if (!volume) errors.push(fieldNotFound(at.child('name'), name))
    else if (!volume.persistentVolumeClaim && !volume.ephemeral) {
      const detail = 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode'
      errors.push(invalid(at.child('name'), name, detail))
    }
    if (!devicePath) errors.push(required(at.child('devicePath')))
    else if (validateNoBacksteps(devicePath, at).length > 0) {
      errors.push(invalid(at.child('devicePath'), devicePath, "can not contain backsteps ('..')"))
    }
    if (repeated.has(index)) {
      errors.push(invalid(at.child('devicePath'), devicePath, 'must be unique'))
    }
    return errors
  })
}

import {
  type CSIDriver,
  type CSINode,
  type CSIStorageCapacity,
  duplicate,
  type FieldError,
  type FieldPath,
  invalid,
  path,
  required,
  tooLong,
  type VolumeAttributesClass,
} from '@skiff/api'
import { validateNonNegativeAmount } from '../quantities.ts'
import { validateChoice } from '../validate-choice.ts'
import { validateImmutable } from '../validate-immutable.ts'
import { validateLabelSelector } from '../validate-selector.ts'
import { validateDriverName } from './driver-name.ts'
import { validateStorageClassName } from './storage-class-resource.ts'

const MAX_NODE_ID_BYTES = 256
const MAX_ATTRIBUTES = 512
const MIN_TOKEN_SECONDS = 600
const MAX_TOKEN_SECONDS = 2 ** 32

export function validateDriver({ metadata, spec }: CSIDriver): FieldError[] {
  const field = path('spec')
  const modes = spec.volumeLifecycleModes ?? []
  return [
    ...validateDriverName(metadata.name, path('metadata', 'name')),
    ...(spec.attachRequired === undefined ? [required(field.child('attachedRequired'))] : []),
    ...(spec.podInfoOnMount === undefined ? [required(field.child('podInfoOnMount'))] : []),
    ...validateChoice(spec.fsGroupPolicy, ['File', 'None', 'ReadWriteOnceWithFSType'], field.child('fsGroupPolicy')),
    ...validateTokenRequests(spec.tokenRequests ?? [], field.child('tokenRequests')),
    ...modes.flatMap((mode) => validateChoice(mode, ['Ephemeral', 'Persistent'], field.child('volumeLifecycleModes'))),
  ]
}

function validateTokenRequests(requests: NonNullable<CSIDriver['spec']['tokenRequests']>, field: FieldPath): FieldError[] {
  const audiences = new Set<string>()
  return requests.flatMap(({ audience, expirationSeconds: seconds }, index) => {
    const at = field.index(index)
    const errors = audiences.has(audience) ? [duplicate(at.child('audience'), audience)] : []
    audiences.add(audience)
    if (seconds === undefined) return errors
    if (seconds < MIN_TOKEN_SECONDS) {
      errors.push(invalid(at.child('expirationSeconds'), seconds, 'may not specify a duration less than 10 minutes'))
    }
    if (seconds > MAX_TOKEN_SECONDS) {
      errors.push(invalid(at.child('expirationSeconds'), seconds, 'may not specify a duration larger than 2^32 seconds'))
    }
    return errors
  })
}

export function validateDriverUpdate({ spec }: CSIDriver, old: CSIDriver): FieldError[] {
  return [
    ...validateImmutable(spec.attachRequired, old.spec.attachRequired, 'spec.attachedRequired'),
    ...validateImmutable(spec.volumeLifecycleModes, old.spec.volumeLifecycleModes, 'spec.volumeLifecycleModes'),
  ]
}

export function validateNodeDrivers({ spec }: CSINode): FieldError[] {
  const names = new Set<string>()
  return (spec?.drivers ?? []).flatMap((driver, index) => {
    const at = path('spec', 'drivers').index(index)
    const { name, nodeID, allocatable } = driver
    const errors = [...validateDriverName(name, at.child('name'))]
    if (!nodeID) errors.push(required(at.child('nodeID')))
    else if (Buffer.byteLength(nodeID) > MAX_NODE_ID_BYTES) errors.push(tooLong(at.child('nodeID'), MAX_NODE_ID_BYTES))
    if ((allocatable?.count ?? 0) < 0) {
      errors.push(invalid(at.child('allocatable', 'count'), allocatable?.count, 'must be greater than or equal to 0'))
    }
    if (names.has(name)) errors.push(duplicate(at.child('name'), name))
    names.add(name)
    return errors
  })
}

export function validateCapacity({
  storageClassName,
  capacity,
  maximumVolumeSize,
  nodeTopology,
}: CSIStorageCapacity): FieldError[] {
  return [
    ...validateStorageClassName(storageClassName ?? '', path('storageClassName')),
    ...(nodeTopology ? validateLabelSelector(nodeTopology, path('nodeTopology')) : []),
    ...validateNonNegativeAmount(capacity, path('capacity')),
    ...validateNonNegativeAmount(maximumVolumeSize, path('maximumVolumeSize')),
  ]
}

export function validateAttributesClass({ driverName, parameters }: VolumeAttributesClass): FieldError[] {
  const count = Object.keys(parameters ?? {}).length
  const at = path('parameters')
  return [
    ...validateDriverName(driverName, path('driverName')),
    ...(count === 0 ? [required(at, 'must contain at least one key/value pair')] : []),
    ...(count > MAX_ATTRIBUTES ? [tooLong(at, MAX_ATTRIBUTES)] : []),
  ]
}

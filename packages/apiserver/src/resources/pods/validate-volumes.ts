import {
  compareQuantities,
  configMapKeyProblems,
  dnsLabelProblems,
  duplicate,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  invalidEach,
  notSupported,
  type PersistentVolumeClaim,
  required,
  type Volume,
} from '@skiff/api'
import { validateClaimSpec } from '../persistentvolumeclaims/validate-claim.ts'
import { validateChoice } from '../validate-choice.ts'
import { type FieldRef, VOLUME_FIELDS, validateFieldRef, validateResourceFieldRef } from './validate-downward-refs.ts'
import { validateNoBacksteps, validateVolumeFilePath } from './validate-paths.ts'

type Projected = NonNullable<Volume['projected']>
type Projection = NonNullable<Projected['sources']>[number]
type KeyToPath = { key: string; path: string; mode?: number }
type DownwardFile = NonNullable<NonNullable<Volume['downwardAPI']>['items']>[number]

const HOST_PATH_TYPES = ['', 'BlockDevice', 'CharDevice', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket']
const MAX_MODE = 0o777
const BAD_MODE = 'must be a number between 0 and 0777 (octal), both inclusive'
const MIN_TOKEN_SECONDS = 600
const MAX_TOKEN_SECONDS = 2 ** 32

export function validateVolumes(volumes: readonly Volume[], field: FieldPath): FieldError[] {
  const names = new Set<string>()
  return volumes.flatMap((volume, index) => {
    const at = field.index(index)
    const errors = validateSource(volume, at)
    if (!volume.name) return [...errors, required(at.child('name'))]
    errors.push(...invalidEach(at.child('name'), volume.name, dnsLabelProblems(volume.name)))
    if (names.has(volume.name)) errors.push(duplicate(at.child('name'), volume.name))
    names.add(volume.name)
    return errors
  })
}

/** The first source is looked at, further ones are refused. */
function validateSource(volume: Volume, at: FieldPath): FieldError[] {
  const sources = SOURCE_ORDER.filter((source) => volume[source] !== undefined)
  const [first, ...others] = sources
  if (!first) return [required(at, 'must specify a volume type')]
  const extra = others.map((source) => forbiddenField(at.child(source), 'may not specify more than 1 volume type'))
  return [...validateFirst(volume, first, at.child(first)), ...extra]
}

type Source = Exclude<keyof Volume, 'name'>

/** As upstream looks through them: what comes second is what is refused. */
const SOURCE_ORDER: readonly Source[] = [
  'emptyDir',
  'hostPath',
  'gitRepo',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'secret',
  'nfs',
  'iscsi',
  'glusterfs',
  'flocker',
  'persistentVolumeClaim',
  'rbd',
  'cinder',
  'cephfs',
  'quobyte',
  'downwardAPI',
  'fc',
  'flexVolume',
  'configMap',
  'azureFile',
  'vsphereVolume',
  'photonPersistentDisk',
  'portworxVolume',
  'azureDisk',
  'storageos',
  'projected',
  'scaleIO',
  'csi',
  'ephemeral',
  'image',
]

function validateFirst(volume: Volume, source: Source, field: FieldPath): FieldError[] {
  switch (source) {
    case 'emptyDir':
      return validateEmptyDir(volume.emptyDir, field)
    case 'hostPath':
      return validateHostPath(volume.hostPath, field)
    case 'secret':
      return validateKeyed(volume.secret?.secretName, volume.secret, field.child('secretName'), field)
    case 'configMap':
      return validateKeyed(volume.configMap?.name, volume.configMap, field.child('name'), field)
    case 'persistentVolumeClaim':
      return volume.persistentVolumeClaim?.claimName ? [] : [required(field.child('claimName'))]
    case 'downwardAPI':
      return [
        ...validateMode(volume.downwardAPI?.defaultMode, field.child('defaultMode')),
        ...validateDownwardFiles(volume.downwardAPI?.items, field.child('items')),
      ]
    case 'projected':
      return validateProjected(volume.projected ?? {}, field)
    case 'nfs':
      return validateNfs(volume.nfs, field)
    case 'image':
      return validateImage(volume.image, field)
    case 'ephemeral':
      return validateEphemeral(volume.ephemeral, field.child('volumeClaimTemplate'))
    case 'csi':
      return volume.csi?.driver ? [] : [required(field.child('driver'))]
    default:
      return []
  }
}

function validateEphemeral(source: Volume['ephemeral'], field: FieldPath): FieldError[] {
  const template = source?.volumeClaimTemplate as { spec?: PersistentVolumeClaim['spec'] } | undefined
  return template ? validateClaimSpec(template.spec ?? {}, field.child('spec')) : [required(field)]
}

function validateEmptyDir(source: Volume['emptyDir'], field: FieldPath): FieldError[] {
  const { sizeLimit } = source ?? {}
  if (sizeLimit === undefined || compareQuantities(sizeLimit, 0) >= 0) return []
  return [forbiddenField(field.child('sizeLimit'), 'SizeLimit field must be a valid resource quantity')]
}

function validateHostPath(source: Volume['hostPath'], field: FieldPath): FieldError[] {
  const { path = '', type = '' } = source ?? {}
  if (path === '') return [required(field.child('path'))]
  const errors = validateNoBacksteps(path, field.child('path'))
  if (!HOST_PATH_TYPES.includes(type)) errors.push(notSupported(field.child('type'), type, HOST_PATH_TYPES))
  return errors
}

interface Keyed {
  defaultMode?: number
  items?: KeyToPath[]
}

function validateKeyed(
  name: string | undefined,
  source: Keyed | undefined,
  nameField: FieldPath,
  field: FieldPath,
): FieldError[] {
  return [
    ...(name ? [] : [required(nameField)]),
    ...validateMode(source?.defaultMode, field.child('defaultMode')),
    ...validateItems(source?.items, field.child('items')),
  ]
}

function validateItems(items: readonly KeyToPath[] | undefined, field: FieldPath): FieldError[] {
  return (items ?? []).flatMap(({ key, path, mode }, index) => {
    const at = field.index(index)
    const errors = key ? invalidEach(at.child('key'), key, configMapKeyProblems(key)) : [required(at.child('key'))]
    errors.push(...(path ? validateVolumeFilePath(path, at.child('path')) : [required(at.child('path'))]))
    return [...errors, ...validateMode(mode, at.child('mode'))]
  })
}

function validateMode(mode: number | undefined, field: FieldPath): FieldError[] {
  return mode === undefined || (mode >= 0 && mode <= MAX_MODE) ? [] : [invalid(field, mode, BAD_MODE)]
}

function validateDownwardFiles(items: readonly DownwardFile[] | undefined, field: FieldPath): FieldError[] {
  return (items ?? []).flatMap(({ path, fieldRef, resourceFieldRef, mode }) => {
    const errors = path ? validateVolumeFilePath(path, field.child('path')) : [required(field.child('path'))]
    if (fieldRef) {
      errors.push(...validateFieldRef(fieldRef as FieldRef, VOLUME_FIELDS, field.child('fieldRef')))
      if (resourceFieldRef)
        errors.push(invalid(field, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'))
    } else if (resourceFieldRef) {
      errors.push(...validateResourceFieldRef(resourceFieldRef, field.child('resourceFieldRef'), { needsContainer: true }))
    } else errors.push(required(field, 'one of fieldRef and resourceFieldRef is required'))
    return [...errors, ...validateMode(mode, field.child('mode'))]
  })
}

function validateProjected({ sources = [], defaultMode }: Projected, field: FieldPath): FieldError[] {
  const paths = new Set<string>()
  const errors = validateMode(defaultMode, field.child('defaultMode'))
  for (const [index, source] of sources.entries()) {
    const at = field.child('sources').index(index)
    errors.push(...validateProjection(source, at))
    for (const path of projectedPaths(source)) {
      if (paths.has(path)) errors.push(invalid(at.child('path'), path, 'conflicting duplicate paths'))
      paths.add(path)
    }
  }
  return errors
}

function validateProjection(source: Projection, at: FieldPath): FieldError[] {
  const given = Object.entries(source).filter(([, value]) => value !== undefined)
  if (given.length > 1) return [forbiddenField(at, 'may not specify more than 1 volume type per source')]
  const errors: FieldError[] = []
  const { secret, configMap, downwardAPI, serviceAccountToken } = source
  if (secret) {
    if (!secret.name) errors.push(required(at.child('secret', 'name')))
    errors.push(...validateItems(secret.items, at.child('secret', 'items')))
  }
  if (configMap) {
    if (!configMap.name) errors.push(required(at.child('configMap', 'name')))
    errors.push(...validateItems(configMap.items, at.child('configMap', 'items')))
  }
  if (downwardAPI) errors.push(...validateDownwardFiles(downwardAPI.items, at.child('downwardAPI', 'items')))
  if (serviceAccountToken) errors.push(...validateToken(serviceAccountToken, at.child('serviceAccountToken')))
  return errors
}

function validateToken(
  { expirationSeconds = 3600, path }: NonNullable<Projection['serviceAccountToken']>,
  field: FieldPath,
): FieldError[] {
  const errors: FieldError[] = []
  const at = field.child('expirationSeconds')
  if (expirationSeconds < MIN_TOKEN_SECONDS)
    errors.push(invalid(at, expirationSeconds, 'may not specify a duration less than 10 minutes'))
  if (expirationSeconds > MAX_TOKEN_SECONDS)
    errors.push(invalid(at, expirationSeconds, 'may not specify a duration larger than 2^32 seconds'))
  if (!path) return [...errors, required(field.child('path'))]
  return [...errors, ...validateVolumeFilePath(path, field.child('path'))]
}

function projectedPaths({ secret, configMap, downwardAPI, serviceAccountToken }: Projection): string[] {
  const items = [...(secret?.items ?? []), ...(configMap?.items ?? []), ...(downwardAPI?.items ?? [])]
  return [...items.map(({ path }) => path), ...(serviceAccountToken ? [serviceAccountToken.path] : [])].filter(
    (path) => path !== '',
  )
}

function validateNfs(source: Volume['nfs'], field: FieldPath): FieldError[] {
  const errors = source?.server ? [] : [required(field.child('server'))]
  if (!source?.path) errors.push(required(field.child('path')))
  else if (!source.path.startsWith('/')) errors.push(invalid(field.child('path'), source.path, 'must be an absolute path'))
  return errors
}

function validateImage(source: Volume['image'], field: FieldPath): FieldError[] {
  const errors = source?.reference ? [] : [required(field.child('reference'))]
  return [...errors, ...validateChoice(source?.pullPolicy, ['Always', 'IfNotPresent', 'Never'], field.child('pullPolicy'))]
}

import { type PersistentVolumeClaim, STORAGE_CLASSES, type StorageClass } from '@skiff/api'
import type { AdmissionRequest } from '../../http/request-context.ts'
import type { ObjectReader } from '../../registry/resource-definition.ts'
import { newestFirst } from '../newest-first.ts'
import { isAbout } from '../request-facts.ts'

const DEFAULT_ANNOTATIONS = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class']
const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class'

/** Gives a new claim that names no class the default one, the newest where there are several (DefaultStorageClass). */
export function admitDefaultStorageClass(request: AdmissionRequest, objects: ObjectReader): void {
  const { operation, object } = request
  if (operation !== 'CREATE' || object === undefined || !isAbout(request, 'persistentvolumeclaims')) return
  const claim = object as unknown as PersistentVolumeClaim
  // an empty name is one too: it asks for a volume without a class
  if (claim.spec.storageClassName !== undefined || claim.metadata.annotations?.[CLASS_ANNOTATION] !== undefined) return
  const [newest] = objects.list<StorageClass>(STORAGE_CLASSES).filter(isDefault).toSorted(newestFirst)
  if (newest !== undefined) claim.spec.storageClassName = newest.metadata.name
}

function isDefault({ metadata }: StorageClass): boolean {
  return DEFAULT_ANNOTATIONS.some((name) => metadata.annotations?.[name] === 'true')
}

import { defaultStorageClass, type PersistentVolumeClaim, STORAGE_CLASSES, type StorageClass } from '@skiff/api'
import type { AdmissionRequest } from '../../http/request-context.ts'
import type { ObjectReader } from '../../registry/resource-definition.ts'
import { isAbout } from '../request-facts.ts'

const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class'

/** Gives a new claim that names no class the default one (DefaultStorageClass). */
export function admitDefaultStorageClass(request: AdmissionRequest, objects: ObjectReader): void {
  const { operation, object } = request
  if (operation !== 'CREATE' || object === undefined || !isAbout(request, 'persistentvolumeclaims')) return
  const claim = object as unknown as PersistentVolumeClaim
  // An empty name is one too: it asks for a volume without a class.
  if (claim.spec.storageClassName !== undefined || claim.metadata.annotations?.[CLASS_ANNOTATION] !== undefined) return
  const found = defaultStorageClass(objects.list<StorageClass>(STORAGE_CLASSES))
  if (found !== undefined) claim.spec.storageClassName = found.metadata.name
}

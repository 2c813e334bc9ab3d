import { compareQuantities, forbidden, type PersistentVolumeClaim, STORAGE_CLASSES, type StorageClass } from '@skiff/api'
import type { AdmissionRequest } from '../../http/request-context.ts'
import type { ObjectReader } from '../../registry/resource-definition.ts'
import { isAbout } from '../request-facts.ts'

/** A claim may grow when it is bound and its class allows it (PersistentVolumeClaimResize). */
export function refuseClaimResize(request: AdmissionRequest, objects: ObjectReader): void {
  const { operation, object, old, name } = request
  if (operation !== 'UPDATE' || object === undefined || old === undefined || !isAbout(request, 'persistentvolumeclaims')) return
  const [claim, before] = [object, old] as unknown as [PersistentVolumeClaim, PersistentVolumeClaim]
  if (compareQuantities(storageOf(claim), storageOf(before)) <= 0) return
  if (before.status?.phase !== 'Bound') {
    throw forbidden('persistentvolumeclaims', name, 'Only bound persistent volume claims can be expanded')
  }
  const storageClass = objects.get<StorageClass>(STORAGE_CLASSES, { name: before.spec.storageClassName ?? '' })
  if (storageClass?.allowVolumeExpansion === true) return
  const why = 'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize'
  throw forbidden('persistentvolumeclaims', name, why)
}

function storageOf({ spec }: PersistentVolumeClaim): string | number {
  return spec.resources?.requests?.storage ?? '0'
}

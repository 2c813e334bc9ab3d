import { PV_PROTECTION, PVC_PROTECTION, qualifiedResource, VAC_PROTECTION } from '@skiff/api'
import type { AdmissionRequest } from '../../http/request-context.ts'

const FINALIZERS: Readonly<Record<string, string>> = {
  persistentvolumeclaims: PVC_PROTECTION,
  persistentvolumes: PV_PROTECTION,
  'volumeattributesclasses.storage.k8s.io': VAC_PROTECTION,
}

/** New claims, volumes and their classes get the finalizer that keeps them while they are used (StorageObjectInUseProtection). */
export function admitInUseProtection({ operation, info, subresource, object }: AdmissionRequest): void {
  if (operation !== 'CREATE' || subresource !== '' || object === undefined) return
  const finalizer = FINALIZERS[qualifiedResource(info)]
  const present = object.metadata.finalizers ?? []
  if (finalizer !== undefined && !present.includes(finalizer)) object.metadata.finalizers = [...present, finalizer]
}

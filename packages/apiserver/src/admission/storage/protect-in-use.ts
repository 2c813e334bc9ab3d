import type { AdmissionRequest } from '../../http/request-context.ts'

const FINALIZERS: Readonly<Record<string, string>> = {
  persistentvolumeclaims: 'kubernetes.io/pvc-protection',
  persistentvolumes: 'kubernetes.io/pv-protection',
}

/** New claims and volumes get the finalizer that keeps them while they are used (StorageObjectInUseProtection). */
export function admitInUseProtection({ operation, info, subresource, object }: AdmissionRequest): void {
  if (operation !== 'CREATE' || info.group !== '' || subresource !== '' || object === undefined) return
  const finalizer = FINALIZERS[info.resource]
  const present = object.metadata.finalizers ?? []
  if (finalizer !== undefined && !present.includes(finalizer)) object.metadata.finalizers = [...present, finalizer]
}

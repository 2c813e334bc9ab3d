import { forbidden } from '@skiff/api'
import type { AdmissionRequest } from '../http/request-context.ts'

const IMMORTAL = new Set(['default', 'kube-system', 'kube-public'])

/** The namespaces that everything else relies on can't be deleted. */
export function refuseNamespaceDeletion({ operation, info, subresource, name }: AdmissionRequest): void {
  const deletesNamespace = operation === 'DELETE' && info.group === '' && info.resource === 'namespaces' && subresource === ''
  if (deletesNamespace && IMMORTAL.has(name)) throw forbidden('namespaces', name, 'this namespace may not be deleted')
}

import type { AdmissionRequest } from '../../http/request-context.ts'
import { jsonEquals } from '../../patch/json-value.ts'

/** Whether the request can use up anything: creations, and those updates that can make an object larger. */
export function usesQuota(request: AdmissionRequest): boolean {
  const { operation, info, subresource, namespace } = request
  if (namespace === '' || info.resource === 'events' || (operation !== 'CREATE' && operation !== 'UPDATE')) return false
  if (operation === 'CREATE') return subresource === ''
  return info.group === '' && updateUsesQuota(request)
}

function updateUsesQuota({ info, subresource, object, old }: AdmissionRequest): boolean {
  switch (info.resource) {
    case 'services':
      return subresource === ''
    case 'pods':
      return subresource === 'resize'
    case 'persistentvolumeclaims':
      return subresource === '' || (subresource === 'status' && !jsonEquals(object?.status, old?.status))
    default:
      return false
  }
}

/** What several plugins ask of a request. */

import type { AdmissionRequest } from '../http/request-context.ts'

/** A new pod, not one of its subresources. */
export function createsPod(request: AdmissionRequest): boolean {
  return request.operation === 'CREATE' && isAbout(request, 'pods')
}

/** Whether it is about objects of a core kind themselves. */
export function isAbout({ info, subresource }: AdmissionRequest, resource: string): boolean {
  return info.group === '' && info.resource === resource && subresource === ''
}

/** The object's name, or the beginning of the one that will be generated. */
export function nameInMessage({ name, object }: AdmissionRequest): string {
  return name || object?.metadata.name || (object?.metadata.generateName ?? '')
}

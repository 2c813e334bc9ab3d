import { forbidden, PRIORITY_CLASSES, type PriorityClass, qualifiedResource } from '@skiff/api'
import type { AdmissionRequest } from '../http/request-context.ts'
import type { ObjectReader } from '../registry/resource-definition.ts'

/** Of priority classes only one may call itself the default. */
export function refuseSecondDefaultPriority(request: AdmissionRequest, objects: ObjectReader): void {
  const { info, operation, object } = request
  if (info.group !== PRIORITY_CLASSES.group || info.resource !== PRIORITY_CLASSES.resource || operation === 'DELETE') return
  const { globalDefault, metadata } = object as unknown as PriorityClass
  if (!globalDefault) return
  const other = objects.list<PriorityClass>(PRIORITY_CLASSES).find((each) => {
    return each.globalDefault && each.metadata.name !== metadata.name
  })
  if (other === undefined) return
  const why = `PriorityClass ${other.metadata.name} is already marked as default. Only one default can exist`
  throw forbidden(qualifiedResource(info), metadata.name, why)
}

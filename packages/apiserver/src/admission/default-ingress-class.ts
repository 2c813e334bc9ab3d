import { INGRESS_CLASSES, type Ingress, type IngressClass } from '@skiff/api'
import type { AdmissionRequest } from '../http/request-context.ts'
import type { ObjectReader } from '../registry/resource-definition.ts'
import { newestFirst } from './newest-first.ts'

const DEFAULT_ANNOTATION = 'ingressclass.kubernetes.io/is-default-class'
/** How classes were named before there was a field for it. */
const CLASS_ANNOTATION = 'kubernetes.io/ingress.class'

/** Gives a new Ingress that names no class the default one (DefaultIngressClass). */
export function admitDefaultIngressClass(
  { operation, info, subresource, object }: AdmissionRequest,
  objects: ObjectReader,
): void {
  if (operation !== 'CREATE' || subresource !== '' || object === undefined) return
  if (info.group !== 'networking.k8s.io' || info.resource !== 'ingresses') return
  const ingress = object as unknown as Ingress
  if (ingress.spec.ingressClassName !== undefined || ingress.metadata.annotations?.[CLASS_ANNOTATION] !== undefined) return
  const defaults = objects.list<IngressClass>(INGRESS_CLASSES).filter(isDefault).toSorted(newestFirst)
  const [newest] = defaults
  if (newest !== undefined) ingress.spec.ingressClassName = newest.metadata.name
}

function isDefault({ metadata }: IngressClass): boolean {
  return metadata.annotations?.[DEFAULT_ANNOTATION] === 'true'
}

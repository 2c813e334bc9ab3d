import type { Pod, Service } from '@skiff/api'

/** The API's own; its endpoints are masters. */
const API_SERVICE = { namespace: 'default', name: 'kubernetes' }

/**
 * Whether somebody may send the pod requests by a Service. Endpoints that somebody else makes can be any pod's, and what a pod's
 * labels were before says nothing for certain about who has been told of them.
 */
export function mayBeServed(
  { metadata }: Pod,
  services: readonly Service[],
  { wasRelabelled }: { readonly wasRelabelled: boolean },
): boolean {
  const { namespace, labels = {} } = metadata
  if (wasRelabelled) return true
  return services.some((service) => {
    if (service.metadata.namespace !== namespace || isApi(service)) return false
    const wanted = Object.entries(service.spec.selector ?? {})
    return wanted.every(([key, value]) => labels[key] === value)
  })
}

function isApi({ metadata: { namespace, name } }: Service): boolean {
  return namespace === API_SERVICE.namespace && name === API_SERVICE.name
}

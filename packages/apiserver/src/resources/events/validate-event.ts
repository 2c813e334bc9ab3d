import { dnsSubdomainProblems, type Event, type FieldError, invalid, invalidEach, path, required } from '@skiff/api'

/** Events of components that use the old recorder are checked for their namespace only, as upstream. */
export function validateEvent(event: Event): FieldError[] {
  const errors = validateNamespace(event)
  if (!event.eventTime) return errors
  if (!event.reportingComponent) errors.push(required('reportingController'))
  if (!event.reportingInstance) errors.push(required('reportingInstance'))
  if (!event.action) errors.push(required('action'))
  if (!event.reason) errors.push(required('reason'))
  if ((event.message ?? '').length > 1024) errors.push(invalid('message', '', 'can have at most 1024 characters'))
  return errors
}

function validateNamespace({ metadata, involvedObject }: Event): FieldError[] {
  const field = path('involvedObject', 'namespace')
  const { namespace = '' } = involvedObject
  const own = metadata.namespace ?? ''
  if (namespace === '') {
    // Events about cluster-wide objects live in `default`.
    return own === '' || own === 'default' || own === 'kube-system' || !isClusterWide(involvedObject.kind)
      ? []
      : [invalid(field, namespace, 'does not match event.namespace')]
  }
  if (own !== namespace) return [invalid(field, namespace, 'does not match event.namespace')]
  return invalidEach(field, namespace, dnsSubdomainProblems(namespace))
}

function isClusterWide(kind: string | undefined): boolean {
  return kind === 'Node' || kind === 'Namespace' || kind === 'PersistentVolume'
}

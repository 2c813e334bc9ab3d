import {
  dnsSubdomainProblems,
  type Event,
  type FieldError,
  invalid,
  invalidEach,
  path,
  qualifiedNameProblems,
  required,
} from '@skiff/api'

const WORD_BYTES = 128
const NOTE_BYTES = 1024

/** What the recorder of old writes is checked for its namespace only, as upstream; a time of its own makes an Event a new one. */
export function validateEvent(event: Event): FieldError[] {
  const errors = event.eventTime ? newEventErrors(event) : oldNamespaceErrors(event)
  const { namespace = '' } = event.metadata
  return [...errors, ...invalidEach('namespace', namespace, dnsSubdomainProblems(namespace))]
}

/** Events about cluster-wide objects live in `default`, all others beside what they are about. */
function oldNamespaceErrors({ metadata, involvedObject }: Event): FieldError[] {
  const { namespace = '' } = involvedObject
  const expected = namespace === '' ? 'default' : namespace
  return metadata.namespace === expected ? [] : [foreignNamespace(namespace)]
}

function newEventErrors(event: Event): FieldError[] {
  const { reportingComponent = '', reportingInstance = '', action = '', reason = '', message = '' } = event
  const { namespace = '' } = event.involvedObject
  const isHome = namespace !== '' || ['default', 'kube-system'].includes(event.metadata.namespace ?? '')
  return [
    ...(isHome ? [] : [foreignNamespace(namespace)]),
    ...(reportingComponent === '' ? [required('reportingController')] : []),
    ...invalidEach('reportingController', reportingComponent, qualifiedNameProblems(reportingComponent)),
    ...wordErrors('reportingInstance', reportingInstance),
    ...wordErrors('action', action),
    ...wordErrors('reason', reason),
    ...lengthErrors('message', message, NOTE_BYTES),
  ]
}

function wordErrors(field: string, word: string): FieldError[] {
  return word === '' ? [required(field)] : lengthErrors(field, word, WORD_BYTES)
}

function lengthErrors(field: string, text: string, most: number): FieldError[] {
  return Buffer.byteLength(text) > most ? [invalid(field, '', `can have at most ${most} characters`)] : []
}

function foreignNamespace(namespace: string): FieldError {
  return invalid(path('involvedObject', 'namespace'), namespace, 'does not match event.namespace')
}

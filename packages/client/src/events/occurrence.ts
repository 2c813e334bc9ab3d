import type { ObjectMeta } from '@skiff/api'

/** What an event can be about. */
export interface EventSubject {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata: Pick<ObjectMeta, 'name' | 'uid'> & { readonly namespace?: string; readonly resourceVersion?: string }
  /** A part of the object, such as `spec.containers{web}`. */
  readonly fieldPath?: string
}

export type EventType = 'Normal' | 'Warning'

/** Something that was said, and is to become an Event. */
export interface Occurrence {
  readonly subject: EventSubject
  readonly type: EventType
  readonly reason: string
  readonly message: string
  readonly at: Date
}

export type NewEvent = ReturnType<typeof newEvent>

interface Saying {
  readonly component: string
  readonly host?: string
  readonly message: string
  /** Makes the name the only one, and later ones list after it. */
  readonly stamp: bigint
}

export function newEvent({ subject, type, reason, at }: Occurrence, { component, host, message, stamp }: Saying) {
  const { name, uid, resourceVersion } = subject.metadata
  const { apiVersion, kind, fieldPath } = subject
  const namespace = namespaceOf(subject)
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${name}.${stamp.toString(16)}`, namespace },
    involvedObject: defined({ apiVersion, kind, namespace: subject.metadata.namespace, name, uid, resourceVersion, fieldPath }),
    type,
    reason,
    message,
    source: defined({ component, host }),
    reportingComponent: component,
    reportingInstance: host ?? '',
    count: 1,
    firstTimestamp: seconds(at),
    lastTimestamp: seconds(at),
  }
}

export function subjectKey({ apiVersion, kind, metadata, fieldPath }: EventSubject): string {
  return [apiVersion, kind, metadata.namespace, metadata.name, metadata.uid, fieldPath].join('\n')
}

/** Events about objects without a namespace live in `default`, as upstream's. */
export function namespaceOf(subject: EventSubject): string {
  const { namespace } = subject.metadata
  return namespace === undefined || namespace === '' ? 'default' : namespace
}

export function seconds(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`
}

export function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as ReturnType<typeof defined<T>>
}

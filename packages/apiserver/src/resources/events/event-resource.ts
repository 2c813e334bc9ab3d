import { EVENTS, type Event, type KubeObject } from '@skiff/api'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import { ageCell } from '../cells.ts'
import { textColumn, wideColumn } from '../columns.ts'
import { validateEvent } from './validate-event.ts'

const LIFETIME_SECONDS = 3600

export const eventResource: ResourceDefinition = {
  info: EVENTS,
  createOnUpdate: true,
  ttlSeconds: LIFETIME_SECONDS,
  strategy: {
    validate: (event: Event) => validateEvent(event),
  },
  selectableFields: {
    'involvedObject.kind': select((event) => event.involvedObject.kind),
    'involvedObject.namespace': select((event) => event.involvedObject.namespace),
    'involvedObject.name': select((event) => event.involvedObject.name),
    'involvedObject.uid': select((event) => event.involvedObject.uid),
    'involvedObject.apiVersion': select((event) => event.involvedObject.apiVersion),
    'involvedObject.resourceVersion': select((event) => event.involvedObject.resourceVersion),
    'involvedObject.fieldPath': select((event) => event.involvedObject.fieldPath),
    reason: select((event) => event.reason),
    reportingComponent: select((event) => event.reportingComponent),
    source: select((event) => event.source?.component || event.reportingComponent),
    type: select((event) => event.type),
  },
  columns: {
    columns: [
      textColumn('Last Seen', 'Time since the event was last seen.'),
      textColumn('Type', 'Normal or Warning.'),
      textColumn('Reason', 'Why the event happened, in one word.'),
      textColumn('Object', 'What the event is about.'),
      wideColumn('Subobject', 'The part of the object.'),
      wideColumn('Source', 'Who reported it.'),
      textColumn('Message', 'What happened.'),
      wideColumn('First Seen', 'Time since the event was first seen.'),
      wideColumn('Count', 'How often it was seen.'),
      { name: 'Name', type: 'string', format: 'name', description: 'Name of the event.', priority: 1 },
    ],
    cells(event: Event, now) {
      const { first, last, count } = occurrences(event)
      return [
        ageCell(last, now),
        event.type ?? '',
        event.reason ?? '',
        `${event.involvedObject.kind?.toLowerCase() ?? ''}/${event.involvedObject.name ?? ''}`,
        event.involvedObject.fieldPath ?? '',
        sourceOf(event),
        (event.message ?? '').trim(),
        ageCell(first, now),
        count,
        event.metadata.name,
      ]
    },
  },
}

/** Old events count by themselves, events.k8s.io's in a series. */
function occurrences(event: Event): { first: string | undefined; last: string | undefined; count: number } {
  const first = event.firstTimestamp ?? event.eventTime ?? undefined
  if (event.series) return { first, last: event.series.lastObservedTime, count: event.series.count ?? 1 }
  return { first, last: event.lastTimestamp ?? first, count: event.count || 1 }
}

function sourceOf({ source, reportingComponent, reportingInstance }: Event): string {
  const component = source?.component || reportingComponent || ''
  const host = source?.host || reportingInstance || ''
  return host === '' ? component : `${component}, ${host}`
}

function select(read: (event: Event) => string | undefined): (object: KubeObject) => string {
  return (object) => read(object as unknown as Event) ?? ''
}

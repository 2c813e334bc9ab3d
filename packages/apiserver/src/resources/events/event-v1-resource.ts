import { EVENTS, EVENTS_V1, type Event, type EventV1, type KubeObject } from '@skiff/api'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import { eventResource } from './event-resource.ts'
import { validateEventV1 } from './validate-event-v1.ts'

/** events.k8s.io's Events are core's under other names. */
export const eventV1Resource: ResourceDefinition = {
  info: EVENTS_V1,
  createOnUpdate: true,
  strategy: { validate: () => [] },
  conversion: {
    storage: EVENTS,
    toStored: (object) => renamed(object, 'v1', TO_CORE),
    fromStored: (object) => renamed(object, 'events.k8s.io/v1', FROM_CORE),
    validate: (event, old) => validateEventV1(event as unknown as Event, old as unknown as Event | undefined),
  },
  selectableFields: {
    'regarding.kind': select((event) => event.regarding?.kind),
    'regarding.namespace': select((event) => event.regarding?.namespace),
    'regarding.name': select((event) => event.regarding?.name),
    'regarding.uid': select((event) => event.regarding?.uid),
    'regarding.apiVersion': select((event) => event.regarding?.apiVersion),
    'regarding.resourceVersion': select((event) => event.regarding?.resourceVersion),
    'regarding.fieldPath': select((event) => event.regarding?.fieldPath),
    reason: select((event) => event.reason),
    reportingController: select((event) => event.reportingController),
    type: select((event) => event.type),
  },
  columns: {
    columns: eventResource.columns?.columns ?? [],
    cells: (object, now) => eventResource.columns?.cells(renamed(object, 'v1', TO_CORE), now) ?? [],
  },
}

const FROM_CORE: Readonly<Record<string, string>> = {
  involvedObject: 'regarding',
  message: 'note',
  source: 'deprecatedSource',
  firstTimestamp: 'deprecatedFirstTimestamp',
  lastTimestamp: 'deprecatedLastTimestamp',
  count: 'deprecatedCount',
  reportingComponent: 'reportingController',
} satisfies Partial<Record<keyof Event, keyof EventV1>>

const TO_CORE: Readonly<Record<string, string>> = Object.fromEntries(Object.entries(FROM_CORE).map(([core, own]) => [own, core]))

function renamed(object: KubeObject, apiVersion: string, names: Readonly<Record<string, string>>): KubeObject {
  const entries = Object.entries(object).map(([name, value]) => [names[name] ?? name, value])
  return { ...(Object.fromEntries(entries) as KubeObject), apiVersion }
}

function select(read: (event: EventV1) => string | undefined): (object: KubeObject) => string {
  return (object) => read(object as unknown as EventV1) ?? ''
}

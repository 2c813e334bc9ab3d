import { type Event, type FieldError, invalid, required } from '@skiff/api'
import { jsonEquals } from '../../patch/json-value.ts'
import { validateImmutable } from '../validate-immutable.ts'

/** By core's names, in which problems are told whichever group was written to. */
const NEEDS_NO = ['firstTimestamp', 'lastTimestamp'] as const
const FINAL = [
  ...['involvedObject', 'reason', 'message', 'source', 'firstTimestamp', 'lastTimestamp', 'count'],
  ...['type', 'eventTime', 'action', 'related', 'reportingComponent', 'reportingInstance'],
] as (keyof Event)[]
const NAMED_OTHERWISE: Readonly<Partial<Record<keyof Event, string>>> = { reportingComponent: 'reportingController' }

/** events.k8s.io asks for whole Events without what is older than itself, and lets nothing but their series go on. */
export function validateEventV1(event: Event, old: Event | undefined): FieldError[] {
  if (old === undefined) return [...seriesErrors(event), ...newEventErrors(event)]
  return [
    ...(jsonEquals(event.series, old.series) ? [] : seriesErrors(event)),
    ...FINAL.flatMap((field) => validateImmutable(event[field], old[field], NAMED_OTHERWISE[field] ?? field)),
  ]
}

function newEventErrors(event: Event): FieldError[] {
  const { eventTime, type = '', count, source } = event
  const older = NEEDS_NO.filter((field) => event[field])
  return [
    ...(eventTime ? [] : [required('eventTime')]),
    ...(type === 'Normal' || type === 'Warning' ? [] : [invalid('type', '', `has invalid value: ${type}`)]),
    ...[...older, ...(count ? ['count'] : []), ...(source?.component || source?.host ? ['source'] : [])].map((field) =>
      invalid(field, '', 'needs to be unset'),
    ),
  ]
}

function seriesErrors({ series }: Event): FieldError[] {
  if (!series) return []
  return [
    ...((series.count ?? 0) < 2 ? [invalid('series.count', '', 'should be at least 2')] : []),
    ...(series.lastObservedTime ? [] : [required('series.lastObservedTime')]),
  ]
}

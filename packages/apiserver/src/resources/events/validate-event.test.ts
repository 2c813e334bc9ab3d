import { type Event, fieldErrorMessage } from '@skiff/api'
import { expect, test } from 'vitest'
import { validateEvent } from './validate-event.ts'

const problems = (namespace: string, event: object) =>
  validateEvent({ metadata: { name: 'e', namespace }, involvedObject: {}, ...event } as unknown as Event).map(fieldErrorMessage)

const NEW = {
  eventTime: '2026-01-01T00:00:00.000000Z',
  reportingComponent: 'example.com/c',
  reportingInstance: 'c-1',
  action: 'Do',
  reason: 'Done',
}

test('an Event lives beside what it is about, or in default', () => {
  expect(problems('default', {})).toEqual([])
  expect(problems('a', { involvedObject: { namespace: 'a' } })).toEqual([])
  expect(problems('a', {})).toEqual(['involvedObject.namespace: Invalid value: "": does not match event.namespace'])
  expect(problems('a', { involvedObject: { namespace: 'b' } })).toEqual([
    'involvedObject.namespace: Invalid value: "b": does not match event.namespace',
  ])
})

test('a new Event says who does what for which reason, in few words', () => {
  expect(problems('kube-system', NEW)).toEqual([])
  expect(problems('default', { eventTime: NEW.eventTime })).toEqual([
    'reportingController: Required value',
    expect.stringContaining('reportingController: Invalid value: "": name part must be non-empty'),
    expect.stringContaining('reportingController: Invalid value: "": name part must consist of'),
    'reportingInstance: Required value',
    'action: Required value',
    'reason: Required value',
  ])
  expect(problems('default', { ...NEW, action: 'x'.repeat(129), message: 'x'.repeat(1025) })).toEqual([
    'action: Invalid value: "": can have at most 128 characters',
    'message: Invalid value: "": can have at most 1024 characters',
  ])
})

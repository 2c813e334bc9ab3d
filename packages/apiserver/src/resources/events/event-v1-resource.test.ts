import { EVENTS, EVENTS_V1, type Event, type EventV1 } from '@skiff/api'
import { expect, test } from 'vitest'
import { startTestApiServer } from '../../testing.ts'

const REF = { namespace: 'default', name: 'e' }
const REGARDING = { kind: 'Pod', name: 'p', namespace: 'default' }

test('an Event of events.k8s.io is core’s under other names', async () => {
  await using api = await startTestApiServer()
  await api.client.create(EVENTS_V1, {
    metadata: REF,
    eventTime: '2026-01-01T00:00:00.000000Z',
    reportingController: 'example.com/c',
    reportingInstance: 'c-1',
    action: 'Do',
    reason: 'Done',
    type: 'Normal',
    note: 'it is done',
    regarding: REGARDING,
  })

  const core = await api.client.get<Event>(EVENTS, REF)
  const own = await api.client.get<EventV1>(EVENTS_V1, REF)

  expect(core).toMatchObject({
    apiVersion: 'v1',
    message: 'it is done',
    reportingComponent: 'example.com/c',
    involvedObject: REGARDING,
  })
  expect(own).toMatchObject({
    apiVersion: 'events.k8s.io/v1',
    note: 'it is done',
    reportingController: 'example.com/c',
    regarding: REGARDING,
  })
  expect(own).not.toHaveProperty('message')
})

test('core’s Events are found by what they regard', async () => {
  await using api = await startTestApiServer()
  for (const name of ['p', 'q']) {
    const involvedObject = { ...REGARDING, name }
    await api.client.create(EVENTS, {
      metadata: { name: `of-${name}`, namespace: 'default' },
      involvedObject,
      message: 'x',
      count: 2,
    })
  }

  const { items } = await api.client.list<EventV1>(EVENTS_V1, { fieldSelector: 'regarding.name=q' })

  expect(items.map(({ metadata, deprecatedCount, note }) => [metadata.name, deprecatedCount, note])).toEqual([['of-q', 2, 'x']])
})

test('an Event of events.k8s.io is whole when it is created, and only its series goes on', async () => {
  await using api = await startTestApiServer()
  const whole = {
    ...{
      metadata: REF,
      eventTime: '2026-01-01T00:00:00.000000Z',
      reportingController: 'example.com/c',
      reportingInstance: 'c-1',
    },
    ...{ action: 'Do', reason: 'Done', type: 'Normal', note: 'it is done', regarding: REGARDING },
  }
  const lastObservedTime = '2026-01-01T00:00:01.000000Z'
  const change = (body: object) => api.client.patch<EventV1>(EVENTS_V1, REF, { type: 'merge', body })

  await expect(api.client.create(EVENTS_V1, { metadata: REF, deprecatedCount: 1, regarding: REGARDING })).rejects.toMatchObject({
    message:
      'Event "e" is invalid: [eventTime: Required value, type: Invalid value: "": has invalid value: , count: Invalid value: "": needs to be unset]',
  })
  await api.client.create(EVENTS_V1, whole)
  await expect(change({ note: 'it is not done' })).rejects.toMatchObject({
    message: 'Event "e" is invalid: message: Invalid value: "it is not done": field is immutable',
  })
  await expect(change({ series: { count: 1, lastObservedTime } })).rejects.toMatchObject({
    message: 'Event "e" is invalid: series.count: Invalid value: "": should be at least 2',
  })
  expect((await change({ series: { count: 2, lastObservedTime } })).series).toEqual({ count: 2, lastObservedTime })
  await api.client.patch(EVENTS, REF, { type: 'merge', body: { message: 'core says' } })
  expect((await api.client.get<EventV1>(EVENTS_V1, REF)).note).toBe('core says')
})

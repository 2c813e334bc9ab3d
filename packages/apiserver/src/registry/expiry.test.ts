import { EVENTS } from '@skiff/api'
import { expect, test } from 'vitest'
import { startTestApiServer } from '../testing.ts'
import { removeExpired } from './expiry.ts'

test('events go an hour after they were last seen, and nothing else does', async () => {
  const start = Date.parse('2026-01-01T00:00:00Z')
  await using api = await startTestApiServer({ clock: () => new Date(start) })
  const at = (minutes: number) => new Date(start + minutes * 60_000)
  const event = (name: string, lastTimestamp: Date) => ({
    metadata: { name, namespace: 'default' },
    involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' },
    lastTimestamp: `${lastTimestamp.toISOString().slice(0, 19)}Z`,
  })
  await api.client.create(EVENTS, event('once', at(0)))
  await api.client.create(EVENTS, event('seen-again', at(30)))
  const events = api.registry.find(EVENTS)
  if (events === undefined) throw new Error('events are not served')

  const removed = [await removeExpired(events, at(59)), await removeExpired(events, at(61))]

  expect(removed).toEqual([0, 1])
  const left = await api.client.list<{ metadata: { name: string } }>(EVENTS, { namespace: 'default' })
  expect(left.items.map(({ metadata }) => metadata.name)).toEqual(['seen-again'])
})

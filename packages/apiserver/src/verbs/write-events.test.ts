import { EVENTS, type Event } from '@skiff/api'
import type { ApiClient } from '@skiff/client'
import { expect, test } from 'vitest'
import { bind } from '../auth/testing/access-calls.ts'
import { startAccessCluster } from '../auth/testing/access-cluster.ts'
import { startTestApiServer } from '../testing.ts'

test('writes each line as if it had been sent by itself, and says which were refused', async () => {
  await using api = await startTestApiServer()

  const answer = await write(api.client, [
    event('first', 'default'),
    event('Not a name', 'default'),
    '{"metadata":{"namespace":"default"',
    event('nowhere', ''),
    event('misplaced', 'missing'),
    event('last', 'default'),
  ])

  expect(answer.refused.map(({ line, status }) => `${line} ${status.reason}`)).toEqual([
    '1 Invalid',
    '2 BadRequest',
    '3 BadRequest',
    '4 NotFound',
  ])
  const { items } = await api.client.list<Event>(EVENTS)
  expect(items.map(({ metadata }) => metadata.name)).toEqual(['first', 'last'])
  expect(items[0]).toMatchObject({ reason: 'Pulled', count: 1, metadata: { creationTimestamp: expect.any(String) } })
})

test('asks for the right to write events, in the namespace of each', async () => {
  await using cluster = await startAccessCluster({ namespaces: ['a', 'b'] })
  const eve = cluster.as({ certificate: await cluster.authority.issue({ commonName: 'eve', usage: 'client' }) })
  await bind(cluster.root, 'a', { kind: 'ClusterRole', name: 'edit' }, 'eve')

  const answer = await write(eve, [event('mine', 'a'), event('theirs', 'b')])

  expect(answer.refused).toMatchObject([
    { line: 1, status: { code: 403, message: expect.stringContaining('User "eve" cannot') } },
  ])
  expect((await cluster.root.list<Event>(EVENTS)).items.map(({ metadata }) => metadata.name)).toContain('mine')
})

test('takes so many at once, and nothing but POST', async () => {
  await using api = await startTestApiServer()
  const lines = Array.from({ length: 33 }, (_, i) => event(`e${i}`, 'default'))

  await expect(write(api.client, lines)).rejects.toMatchObject({ code: 400, message: 'at most 32 events at once, these are 33' })
  await expect(api.client.request('GET', '/skiff/v1/events')).rejects.toMatchObject({ code: 405 })
  expect((await api.client.list<Event>(EVENTS)).items).toEqual([])
})

interface Answer {
  readonly refused: readonly { readonly line: number; readonly status: { readonly reason: string; readonly message: string } }[]
}

async function write(client: ApiClient, lines: readonly string[]): Promise<Answer> {
  const { body } = await client.request('POST', '/skiff/v1/events', { body: lines.join('\n') })
  return JSON.parse(body.toString('utf8')) as Answer
}

function event(name: string, namespace: string): string {
  const involvedObject = { kind: 'Pod', name: 'web', namespace }
  return JSON.stringify({ metadata: { name, namespace }, involvedObject, reason: 'Pulled', type: 'Normal', count: 1 })
}

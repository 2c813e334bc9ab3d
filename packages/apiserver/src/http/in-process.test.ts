import { setImmediate as nextTurn } from 'node:timers/promises'
import { CONFIG_MAPS, type ConfigMap } from '@skiff/api'
import { ApiClient } from '@skiff/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApiServer, type TestApiServer } from '../testing.ts'

let api: TestApiServer
let inside: ApiClient

beforeAll(async () => {
  api = await startTestApiServer()
  // Whatever tried a connection would fail.
  inside = new ApiClient({ server: 'http://127.0.0.1:1', inProcess: api.inProcess, userAgent: 'skiff-inside' })
})

afterAll(() => api.close())

const named = (name: string) => ({ metadata: { name, namespace: 'default' }, data: { text: name } })

test('what is written inside is what others read, by the name of who wrote it', async () => {
  await inside.create(CONFIG_MAPS, named('written'))
  await inside.patch(CONFIG_MAPS, { name: 'written', namespace: 'default' }, { type: 'merge', body: { data: { more: 'x' } } })
  const read = await api.client.get<ConfigMap>(CONFIG_MAPS, { name: 'written', namespace: 'default' })

  expect(read.data).toEqual({ text: 'written', more: 'x' })
  expect(read.metadata.managedFields?.map(({ manager }) => manager)).toEqual(['skiff-inside'])
  expect(await inside.get(CONFIG_MAPS, { name: 'written', namespace: 'default' })).toEqual(read)
})

test('a refusal is the same error as over a connection', async () => {
  const ofConnection = await api.client.create(CONFIG_MAPS, named('No Name')).catch((error: unknown) => error)
  const ofInside = await inside.create(CONFIG_MAPS, named('No Name')).catch((error: unknown) => error)

  expect(ofInside).toEqual(ofConnection)
  await expect(inside.get(CONFIG_MAPS, { name: 'nobody', namespace: 'default' })).rejects.toMatchObject({ code: 404 })
})

test('a list that takes many bytes comes whole, and so does a path that is no resource', async () => {
  for (let i = 0; i < 5; i++)
    await api.client.create(CONFIG_MAPS, { ...named(`large-${i}`), data: { text: 'x'.repeat(100_000) } })
  const { items } = await inside.list<ConfigMap>(CONFIG_MAPS, { namespace: 'default' })

  expect(items.filter(({ metadata }) => metadata.name.startsWith('large-'))).toHaveLength(5)
  expect(JSON.parse((await inside.request('GET', '/openapi/v2')).body.toString()).swagger).toBe('2.0')
})

test('a watch tells what is there, then what changes, and ends with its signal', async () => {
  await api.client.create(CONFIG_MAPS, named('watched'))
  const end = new AbortController()
  const told: string[] = []
  for await (const event of inside.watch<ConfigMap>(CONFIG_MAPS, { sendInitialEvents: true, signal: end.signal })) {
    const { name } = event.object.metadata
    if (event.type === 'BOOKMARK') await api.client.delete(CONFIG_MAPS, { name: 'watched', namespace: 'default' })
    if (name === 'watched') told.push(event.type)
    if (event.type === 'DELETED') end.abort()
  }

  expect(told).toEqual(['ADDED', 'DELETED'])
})

test('a watch that is refused throws what the server says', async () => {
  const { signal } = new AbortController()
  const watching = async () => {
    for await (const _ of inside.watch(CONFIG_MAPS, { resourceVersion: 'word', signal }));
  }

  await expect(watching()).rejects.toMatchObject({ code: 400 })
})

test('who asks many questions leaves every other its turn', async () => {
  let turns = 0
  const end = new AbortController()
  const others = (async () => {
    for (; !end.signal.aborted; turns += 1) await nextTurn()
  })()
  for (let i = 0; i < 50; i++) await inside.list(CONFIG_MAPS, { namespace: 'kube-system' })
  end.abort()
  await others

  expect(turns).toBeGreaterThanOrEqual(50)
})

test('a server that has stopped answers nobody inside either', async () => {
  const stopped = await startTestApiServer()
  const client = new ApiClient({ server: stopped.url, inProcess: stopped.inProcess, userAgent: 'test' })
  const watching = (async () => {
    for await (const _ of client.watch(CONFIG_MAPS, { signal: new AbortController().signal }));
  })()
  await client.list(CONFIG_MAPS)
  await stopped.close()

  await watching
  await expect(client.create(CONFIG_MAPS, named('late'))).rejects.toMatchObject({ reason: 'ServiceUnavailable' })
})

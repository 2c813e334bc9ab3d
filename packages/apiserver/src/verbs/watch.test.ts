import { once } from 'node:events'
import { get as httpGet, type IncomingMessage } from 'node:http'
import { CONFIG_MAPS, type ConfigMap, type Draft } from '@skiff/api'
import { createMemoryStore } from '@skiff/store'
import { expect, test } from 'vitest'
import { startTestApiServer, type TestApiServer } from '../testing.ts'

const PATH = '/api/v1/namespaces/default/configmaps'

interface Event {
  readonly type: string
  readonly object: {
    readonly kind: string
    readonly code?: number
    readonly metadata: Record<string, unknown> & { resourceVersion: string }
  }
}

test('a WatchList sends what is there, says so by a bookmark, and goes on live', async () => {
  await using api = await startTestApiServer()
  await create(api, 'a')
  await create(api, 'b')
  using watch = await startWatch(api, 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true')
  const initial = await watch.next(3)

  await create(api, 'c')
  const [live] = await watch.next(1)

  expect(initial.map(summary)).toEqual(['ADDED a', 'ADDED b', 'BOOKMARK undefined'])
  expect(initial[2]?.object).toEqual({
    kind: 'ConfigMap',
    apiVersion: 'v1',
    metadata: {
      resourceVersion: initial[1]?.object.metadata.resourceVersion,
      annotations: { 'k8s.io/initial-events-end': 'true' },
    },
  })
  expect(summary(live)).toBe('ADDED c')
})

test('headers come at once, though nothing has happened', async () => {
  await using api = await startTestApiServer()

  using watch = await startWatch(api, `resourceVersion=${api.store.revision()}`)

  expect(watch.response.statusCode).toBe(200)
})

test('a watch from a revision tells every write after it, in order and once', async () => {
  await using api = await startTestApiServer()
  await create(api, 'before')
  const from = api.store.revision()
  await create(api, 'a')
  await api.client.patch(CONFIG_MAPS, { name: 'a', namespace: 'default' }, { type: 'merge', body: { data: { k: 'w' } } })
  await api.client.delete(CONFIG_MAPS, { name: 'a', namespace: 'default' })

  using watch = await startWatch(api, `resourceVersion=${from}`)
  const events = await watch.next(3)

  expect(events.map(summary)).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a'])
  expect(events.map(({ object }) => Number(object.metadata.resourceVersion) - from)).toEqual([1, 2, 3])
})

test('an object that stops matching is told as deleted, with its old labels', async () => {
  await using api = await startTestApiServer()
  await create(api, 'a', { app: 'x' })
  using watch = await startWatch(api, `labelSelector=app&resourceVersion=${api.store.revision()}`)

  await api.client.patch(
    CONFIG_MAPS,
    { name: 'a', namespace: 'default' },
    { type: 'merge', body: { metadata: { labels: null } } },
  )
  await api.client.patch(
    CONFIG_MAPS,
    { name: 'a', namespace: 'default' },
    { type: 'merge', body: { metadata: { labels: { app: 'y' } } } },
  )
  const [gone, back] = await watch.next(2)

  expect([summary(gone), gone?.object.metadata.labels]).toEqual(['DELETED a', { app: 'x' }])
  expect(gone?.object.metadata.resourceVersion).toBe(String(api.store.revision() - 1))
  expect([summary(back), back?.object.metadata.labels]).toEqual(['ADDED a', { app: 'y' }])
})

test('a revision that is no longer known is answered by one ERROR event with 410', async () => {
  const store = createMemoryStore({ history: { maxEvents: 2, maxBytes: 1024, maxAgeMs: 1 } })
  await using api = await startTestApiServer({ store })
  for (let index = 0; index < 40; index += 1) await create(api, `c${index}`)

  using watch = await startWatch(api, 'resourceVersion=1')
  const [event] = await watch.next(1)

  expect(event).toMatchObject({ type: 'ERROR', object: { kind: 'Status', reason: 'Expired', code: 410 } })
  await watch.ended
})

test.each([
  ['sendInitialEvents without NotOlderThan', 'sendInitialEvents=true'],
  ['resourceVersionMatch without sendInitialEvents', 'resourceVersionMatch=NotOlderThan&resourceVersion=1'],
])('%s is refused with 422', async (_name, query) => {
  await using api = await startTestApiServer()

  const response = await fetch(`${api.url}${PATH}?watch=1&${query}`)

  expect(response.status).toBe(422)
})

test('a WatchList is no Table: it is metadata, or objects, or 406', async () => {
  await using api = await startTestApiServer()
  await create(api, 'a')
  const query = 'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=1'
  const ask = (accept: string) => fetch(`${api.url}${PATH}?${query}`, { headers: { accept } })
  const table = 'application/json;as=Table;v=v1;g=meta.k8s.io'
  const metadata = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io'

  const [refused, objects, partial] = await Promise.all([ask(table), ask(`${table},application/json`), ask(metadata)])

  expect(refused.status).toBe(406)
  expect(await objects.text()).toContain('"kind":"ConfigMap"')
  expect(await partial.text()).toContain('"kind":"PartialObjectMetadata"')
})

test('metadata comes without managedFields for who asks so, by list and by watch', async () => {
  await using api = await startTestApiServer()
  await create(api, 'a')
  const ask = (query: string, as: string) =>
    fetch(`${api.url}${PATH}${query}`, { headers: { accept: `application/json;as=${as};v=v1;g=meta.k8s.io` } })
  const [list, watch] = ['?limit=1', '?watch=1&resourceVersion=0&timeoutSeconds=1']

  const told = await Promise.all([
    ask(list, 'PartialObjectMetadataList'),
    ask(watch, 'PartialObjectMetadata'),
    ask(list, 'PartialObjectMetadataList;managedFields=none'),
    ask(watch, 'PartialObjectMetadata;managedFields=none'),
  ])

  const texts = await Promise.all(told.map((response) => response.text()))
  for (const text of texts) expect(text).toContain('"name":"a"')
  expect(texts.map((text) => text.includes('"managedFields"'))).toEqual([true, true, false, false])
})

test('timeoutSeconds ends the watch cleanly', async () => {
  await using api = await startTestApiServer()

  const response = await fetch(`${api.url}${PATH}?watch=1&timeoutSeconds=1`)

  expect(await response.text()).toBe('')
})

test('a watcher that does not read is cut off, the others get everything', async () => {
  await using api = await startTestApiServer()
  const from = api.store.revision()
  using stuck = await startWatch(api, `resourceVersion=${from}`)
  using reader = await startWatch(api, `resourceVersion=${from}`)
  stuck.response.pause()

  const writes = 40
  const large = 'x'.repeat(900_000)
  for (let index = 0; index < writes; index += 1) await create(api, `c${index}`, {}, large)
  const events = await reader.next(writes)

  expect(events.length).toBe(writes)
  stuck.response.resume()
  await stuck.ended
  expect(stuck.response.complete).toBe(false)
})

test('a Table watch sends its columns once', async () => {
  await using api = await startTestApiServer()
  await create(api, 'a')
  await create(api, 'b')

  using watch = await startWatch(api, '', 'application/json;as=Table;v=v1;g=meta.k8s.io')
  const [first, second] = (await watch.next(2)) as unknown as { object: { columnDefinitions: object[] | null; rows: object[] } }[]

  expect(first?.object.columnDefinitions?.length).toBeGreaterThan(0)
  expect(second?.object.columnDefinitions).toBeNull()
  expect(second?.object.rows.length).toBe(1)
})

test('closing the server ends its watches', async () => {
  const api = await startTestApiServer()
  using watch = await startWatch(api, '')

  await api.close()

  await watch.ended
})

function create(api: TestApiServer, name: string, labels: Record<string, string> = {}, value = 'v'): Promise<ConfigMap> {
  const draft: Omit<Draft<ConfigMap>, 'apiVersion' | 'kind'> = {
    metadata: { name, namespace: 'default', labels },
    data: { k: value },
  }
  return api.client.create<ConfigMap>(CONFIG_MAPS, draft)
}

function summary(event: Event | undefined): string {
  return `${event?.type} ${event?.object.metadata.name}`
}

async function startWatch(api: TestApiServer, query: string, accept = 'application/json') {
  const request = httpGet(`${api.url}${PATH}?watch=1&${query}`, { headers: { accept }, agent: false })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const events: Event[] = []
  let rest = ''
  let wake = () => {}
  response.setEncoding('utf8')
  response.on('error', () => undefined)
  response.on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) events.push(JSON.parse(line) as Event)
    wake()
  })
  const next = async (count: number): Promise<Event[]> => {
    while (events.length < count) await new Promise<void>((resolve) => (wake = resolve))
    return events.splice(0, count)
  }
  const ended = new Promise<void>((resolve) => response.on('close', resolve))
  return { response, next, ended, [Symbol.dispose]: () => request.destroy() }
}

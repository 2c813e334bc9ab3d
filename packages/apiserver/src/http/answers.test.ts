import { request } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { CONFIG_MAPS, type ConfigMap, type Draft } from '@skiff/api'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { startTestApiServer, type TestApiServer } from '../testing.ts'

const PATH = '/api/v1/namespaces/default/configmaps'

test('answers YAML whose times stay strings', async () => {
  await using api = await startTestApiServer()
  const created = await createConfigMap(api, 'a')

  const response = await get(api, `${PATH}/a`, 'application/yaml')

  expect(response.headers.get('content-type')).toBe('application/yaml')
  const text = await response.text()
  expect(text).toContain(`creationTimestamp: "${created.metadata.creationTimestamp}"`)
  expect(parse(text)).toEqual(created)
})

test('answers what it can of a list of wishes, and 406 when it can answer none', async () => {
  await using api = await startTestApiServer()
  await createConfigMap(api, 'a')

  const protobufThenJson = await get(api, `${PATH}/a`, 'application/vnd.kubernetes.protobuf,application/json')
  const oldTableThenJson = await get(api, PATH, 'application/json;as=Table;v=v1alpha1;g=meta.k8s.io,application/json')
  const onlyXml = await get(api, `${PATH}/a`, 'application/xml')

  expect(protobufThenJson.headers.get('content-type')).toBe('application/json')
  expect(await oldTableThenJson.json()).toMatchObject({ kind: 'ConfigMapList' })
  expect(onlyXml.status).toBe(406)
  expect(await onlyXml.json()).toMatchObject({ kind: 'Status', reason: 'NotAcceptable' })
})

test.each([
  ['None', null],
  ['Metadata', { kind: 'PartialObjectMetadata', metadata: { name: 'a' } }],
  ['Object', { kind: 'ConfigMap', data: { k: 'v' } }],
])('a Table carries the object as includeObject=%s says', async (includeObject, object) => {
  await using api = await startTestApiServer()
  await createConfigMap(api, 'a')

  const response = await get(api, `${PATH}?includeObject=${includeObject}`, 'application/json;as=Table;v=v1;g=meta.k8s.io')

  expect(await response.json()).toMatchObject({
    kind: 'Table',
    rows: [{ cells: ['a', expect.anything(), expect.any(String)], object }],
  })
})

test.each([10, 1_000, 10_000])('a text of %i characters of several bytes each arrives as it was sent', async (times) => {
  await using api = await startTestApiServer()
  const data = { text: 'aé🛶'.repeat(times) }
  await api.client.create(CONFIG_MAPS, { metadata: { name: 'a', namespace: 'default' }, data } as object)

  const response = await get(api, `${PATH}/a`)

  expect(await response.json()).toMatchObject({ data })
})

test('list items leave out kind and apiVersion, single objects have them', async () => {
  await using api = await startTestApiServer()
  await createConfigMap(api, 'a')

  const list = (await (await get(api, PATH)).json()) as { kind: string; items: object[] }
  const object = await (await get(api, `${PATH}/a`)).json()

  expect(list.kind).toBe('ConfigMapList')
  expect(list.items[0]).not.toHaveProperty('kind')
  expect(object).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1' })
})

test('a list of many megabytes arrives whole, compressed or not, and who goes before its end disturbs nobody', async () => {
  await using api = await startTestApiServer()
  const names = Array.from({ length: 15 }, (_, n) => `large-${n + 10}`)
  for (const name of names) await createConfigMap(api, name, `${name}\u00fc`.repeat(20_000))

  await leaveAfterFirstBytes(`${api.url}${PATH}`)
  const plain = await bodyOf(`${api.url}${PATH}`, 'identity')
  const compressed = await bodyOf(`${api.url}${PATH}`, 'gzip')

  const { items } = JSON.parse(plain.toString()) as { items: ConfigMap[] }
  expect(items.map(({ metadata, data }) => [metadata.name, data?.k])).toEqual(
    names.map((name) => [name, `${name}\u00fc`.repeat(20_000)]),
  )
  expect(gunzipSync(compressed).equals(plain)).toBe(true)
})

test('an empty list is one', async () => {
  await using api = await startTestApiServer()

  expect(await (await get(api, PATH)).json()).toMatchObject({ kind: 'ConfigMapList', items: [] })
})

test('compresses only large answers, and only when asked', async () => {
  await using api = await startTestApiServer()
  await createConfigMap(api, 'small')
  await createConfigMap(api, 'large', 'x'.repeat(200_000))

  const encodings = await Promise.all([
    encodingOf(api, `${PATH}/large`, 'gzip'),
    encodingOf(api, `${PATH}/large`, 'identity'),
    encodingOf(api, `${PATH}/small`, 'gzip'),
  ])

  expect(encodings).toEqual(['gzip', undefined, undefined])
})

test('an unknown field is told in a warning, refused when strict, and dropped silently when ignored', async () => {
  await using api = await startTestApiServer()
  const send = (name: string, mode: string) =>
    fetch(`${api.url}${PATH}?fieldValidation=${mode}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ metadata: { name }, dat: {} }),
    })

  const [warned, refused, ignored] = [await send('w', 'Warn'), await send('s', 'Strict'), await send('i', 'Ignore')]

  expect([warned.status, warned.headers.get('warning')]).toEqual([201, '299 - "unknown field \\"dat\\""'])
  expect(refused.status).toBe(400)
  expect(await refused.json()).toMatchObject({
    message: 'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "dat"',
  })
  expect([ignored.status, ignored.headers.get('warning')]).toEqual([201, null])
})

test('takes the protobuf that typed Go clients send', async () => {
  await using api = await startTestApiServer()
  const text = (number: number, value: Buffer | string) => {
    const bytes = Buffer.from(value)
    return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes])
  }
  const typeMeta = Buffer.concat([text(1, 'v1'), text(2, 'ConfigMap')])
  const configMap = Buffer.concat([text(1, text(1, 'p')), text(2, Buffer.concat([text(1, 'k'), text(2, 'v')]))])
  const body = Buffer.concat([Buffer.from('k8s\0'), text(1, typeMeta), text(2, configMap)])

  const response = await fetch(api.url + PATH, {
    method: 'POST',
    headers: {
      'content-type': 'application/vnd.kubernetes.protobuf',
      accept: 'application/vnd.kubernetes.protobuf,application/json',
    },
    body: new Uint8Array(body),
  })

  expect(response.status).toBe(201)
  expect(await response.json()).toMatchObject({ kind: 'ConfigMap', metadata: { name: 'p' }, data: { k: 'v' } })
})

test('a failure of our own is a 500 that says nothing and a log line that says all', async () => {
  const lines: string[] = []
  const { pino } = await import('pino')
  const logger = pino({ level: 'error' }, { write: (line: string) => void lines.push(line) })
  const admission = {
    mutate: () => {
      throw new TypeError('secret detail')
    },
    validate: () => undefined,
  }
  await using api = await startTestApiServer({ logger, admission: () => admission, namespaces: [] })

  const response = await fetch(`${api.url}/api/v1/namespaces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"metadata":{"name":"n"}}',
  })

  expect(response.status).toBe(500)
  expect(await response.text()).not.toContain('secret detail')
  expect(lines.join('')).toContain('secret detail')
})

function createConfigMap(api: TestApiServer, name: string, value = 'v'): Promise<ConfigMap> {
  const draft: Omit<Draft<ConfigMap>, 'apiVersion' | 'kind'> = { metadata: { name, namespace: 'default' }, data: { k: value } }
  return api.client.create<ConfigMap>(CONFIG_MAPS, draft)
}

function get(api: TestApiServer, path: string, accept = 'application/json'): Promise<Response> {
  return fetch(api.url + path, { headers: { accept } })
}

function leaveAfterFirstBytes(url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request(url, (response) => response.once('data', () => response.destroy()).once('close', resolve))
    sent.on('error', reject).end()
  })
}

/** As it came over the wire. */
function bodyOf(url: string, accepted: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { headers: { 'accept-encoding': accepted } }, (response) => buffer(response).then(resolve, reject))
    sent.on('error', reject).end()
  })
}

function encodingOf(api: TestApiServer, path: string, accepted: string): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const sent = request(api.url + path, { headers: { 'accept-encoding': accepted } }, (response) => {
      response.resume()
      resolve(response.headers['content-encoding'])
    })
    sent.on('error', reject).end()
  })
}

import { expect, test } from 'vitest'
import { startTestApiServer, type TestApiServer } from '../testing.ts'

interface Index {
  readonly paths: Readonly<Record<string, { readonly serverRelativeURL: string }>>
}

test('the index leads to a document that may be kept for good', async () => {
  await using api = await startTestApiServer()
  const { paths } = (await (await fetch(`${api.url}/openapi/v3`)).json()) as Index

  const response = await fetch(api.url + (paths['apis/apps/v1']?.serverRelativeURL ?? ''))

  expect(response.headers.get('cache-control')).toBe('public, immutable')
  const patch = '/apis/apps/v1/namespaces/{namespace}/deployments/{name}'
  const document = (await response.json()) as {
    paths: Record<string, { patch: { parameters: { name: string }[] } }>
    components: object
  }
  expect(document.paths[patch]?.patch).toMatchObject({
    'x-kubernetes-group-version-kind': { group: 'apps', version: 'v1', kind: 'Deployment' },
  })
  expect(document.paths[patch]?.patch.parameters.map(({ name }) => name)).toContain('fieldValidation')
  expect(document.components).toHaveProperty(['schemas', 'io.k8s.api.apps.v1.Deployment', 'properties', 'spec'])
})

test('every $ref of every document leads somewhere', async () => {
  await using api = await startTestApiServer()
  const { paths } = (await (await fetch(`${api.url}/openapi/v3`)).json()) as Index

  for (const { serverRelativeURL } of Object.values(paths)) {
    const text = await (await fetch(api.url + serverRelativeURL)).text()
    const { components } = JSON.parse(text) as { components: { schemas: Record<string, unknown> } }
    const refs = [...text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name ?? '')
    expect([serverRelativeURL, refs.filter((name) => components.schemas[name] === undefined)]).toEqual([serverRelativeURL, []])
  }
})

test('a stale hash is led to the right one', async () => {
  await using api = await startTestApiServer()

  const response = await fetch(`${api.url}/openapi/v3/api/v1?hash=OLD`, { redirect: 'manual' })

  expect([response.status, response.headers.get('location')]).toEqual([
    301,
    expect.stringMatching(/^\/openapi\/v3\/api\/v1\?hash=[0-9A-F]{32}$/),
  ])
})

test('merge keys, list types and defaults are there for patches of every nested field', async () => {
  await using api = await startTestApiServer()

  const { paths, components } = await documentOf(api, 'apis/batch/v1')

  const cronJob = paths['/apis/batch/v1/namespaces/{namespace}/cronjobs/{name}']
  expect(Object.keys(cronJob?.patch?.requestBody?.content ?? {})).toContain('application/strategic-merge-patch+json')
  expect(components.schemas).toMatchObject({
    'io.k8s.api.core.v1.PodSpec': {
      properties: { containers: { 'x-kubernetes-patch-merge-key': 'name', 'x-kubernetes-list-map-keys': ['name'] } },
    },
    'io.k8s.api.core.v1.ContainerPort': { properties: { protocol: { default: 'TCP' } } },
    'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta': { properties: { annotations: { type: 'object' } } },
  })
})

test('subresources and lists of all namespaces have paths, and operations have names of their own', async () => {
  await using api = await startTestApiServer()

  const { paths } = await documentOf(api, 'apis/apps/v1')

  expect(paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale']?.patch).toMatchObject({
    operationId: 'patchAppsV1NamespacedDeploymentScale',
    'x-kubernetes-group-version-kind': { group: 'autoscaling', version: 'v1', kind: 'Scale' },
  })
  expect(paths['/apis/apps/v1/deployments']).toMatchObject({ get: { operationId: 'listAppsV1DeploymentForAllNamespaces' } })
  const ids = [...JSON.stringify(paths).matchAll(/"operationId":"(\w+)"/g)].map(([, id]) => id)
  expect(new Set(ids).size).toBe(ids.length)
})

const SWAGGER_PROTOBUF = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf'

test('an old kubectl gets protobuf under a media type that Go can parse', async () => {
  await using api = await startTestApiServer()

  const response = await fetch(`${api.url}/openapi/v2`, { headers: { accept: SWAGGER_PROTOBUF } })

  expect(response.headers.get('content-type')).toBe('application/com.github.proto-openapi.spec.v2.v1.0+protobuf')
})

test('Swagger says the same in JSON and in protobuf', async () => {
  await using api = await startTestApiServer()

  const json = (await (await fetch(`${api.url}/openapi/v2`)).json()) as Swagger
  const response = await fetch(`${api.url}/openapi/v2`, { headers: { accept: SWAGGER_PROTOBUF } })
  const document = fieldsOf(Buffer.from(await response.arrayBuffer()))

  expect(String(only(document, 1))).toBe('2.0')
  expect(namesOf(only(document, 8), 2)).toEqual(Object.keys(json.paths))
  expect(namesOf(only(document, 9), 1)).toEqual(Object.keys(json.definitions))
  const kind = namedValue(only(document, 9), 1, 'io.k8s.api.core.v1.Pod')
  const pod = fieldsOf(kind)
  expect(namesOf(only(pod, 25), 1)).toEqual(['apiVersion', 'kind', 'metadata', 'spec', 'status'])
  expect(String(only(fieldsOf(namedValue(only(pod, 25), 1, 'spec')), 1))).toBe('#/definitions/io.k8s.api.core.v1.PodSpec')
  expect(String(namedValue(kind, 31, 'x-kubernetes-group-version-kind'))).toContain('"kind":"Pod"')
})

test('every reference of the Swagger document leads somewhere, and has no alternatives', async () => {
  await using api = await startTestApiServer()

  const text = await (await fetch(`${api.url}/openapi/v2`)).text()

  const { definitions } = JSON.parse(text) as Swagger
  const refs = [...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref = '']) => ref)
  expect(refs.filter((ref) => definitions[ref.replace('#/definitions/', '')] === undefined)).toEqual([])
  expect(text).not.toMatch(/"(oneOf|allOf)":\[/)
})

interface Document {
  readonly paths: Readonly<Record<string, { readonly patch?: { readonly requestBody?: { readonly content: object } } }>>
  readonly components: { readonly schemas: object }
}

interface Swagger {
  readonly paths: object
  readonly definitions: Readonly<Record<string, object>>
}

async function documentOf(api: TestApiServer, place: string): Promise<Document> {
  return (await (await fetch(`${api.url}/openapi/v3/${place}`)).json()) as Document
}

interface Field {
  readonly number: number
  readonly value: Buffer
}

/** The length-delimited fields of a protobuf message; numbers are skipped. */
function fieldsOf(message: Buffer): Field[] {
  const fields: Field[] = []
  let at = 0
  const varint = () => {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = message[at++] ?? 0
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  while (at < message.length) {
    const tag = varint()
    const length = varint()
    if ((tag & 7) !== 2) continue
    fields.push({ number: tag >> 3, value: message.subarray(at, at + length) })
    at += length
  }
  return fields
}

function only(fields: readonly Field[], number: number): Buffer {
  const found = fields.filter((field) => field.number === number)
  expect(found.length).toBe(1)
  return found[0]?.value ?? Buffer.alloc(0)
}

function namesOf(message: Buffer, number: number): string[] {
  return entriesOf(message, number).map(([name]) => name)
}

function namedValue(message: Buffer, number: number, name: string): Buffer {
  return entriesOf(message, number).find(([each]) => each === name)?.[1] ?? Buffer.alloc(0)
}

/** Maps are lists of messages with the name as field 1 and the value as field 2. */
function entriesOf(message: Buffer, number: number): [string, Buffer][] {
  return fieldsOf(message)
    .filter((field) => field.number === number)
    .map(({ value }) => [String(only(fieldsOf(value), 1)), only(fieldsOf(value), 2)])
}

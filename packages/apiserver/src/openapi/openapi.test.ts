import { expect, test } from 'vitest'
import { startTestApiServer } from '../testing.ts'

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

test('an old kubectl gets protobuf under a media type that Go can parse', async () => {
  await using api = await startTestApiServer()

  const response = await fetch(`${api.url}/openapi/v2`, {
    headers: { accept: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf' },
  })

  expect(response.headers.get('content-type')).toBe('application/com.github.proto-openapi.spec.v2.v1.0+protobuf')
  expect((await response.arrayBuffer()).byteLength).toBeGreaterThan(0)
})

import { expect, test } from 'vitest'
import { startTestApiServer } from '../testing.ts'
import { compareVersions } from './api-groups.ts'

const KUBECTL_ACCEPT =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,' +
  'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json'

test.each(['v2', 'v2beta1'])('aggregated discovery names itself in its content type (%s)', async (version) => {
  await using api = await startTestApiServer()
  const accept = version === 'v2' ? KUBECTL_ACCEPT : KUBECTL_ACCEPT.split(',').slice(1).join(',')

  const response = await fetch(`${api.url}/apis`, { headers: { accept } })

  expect(response.headers.get('content-type')).toBe(
    `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`,
  )
  const body = (await response.json()) as { apiVersion: string; items: { metadata: { name: string } }[] }
  expect(body.apiVersion).toBe(`apidiscovery.k8s.io/${version}`)
  expect(body.items[0]?.metadata.name).toBe('apiregistration.k8s.io')
})

test('the core group is under /api and has no name', async () => {
  await using api = await startTestApiServer()

  const response = await fetch(`${api.url}/api`, { headers: { accept: KUBECTL_ACCEPT } })

  expect(await response.json()).toMatchObject({ items: [{ metadata: {}, versions: [{ version: 'v1', freshness: 'Current' }] }] })
})

test('discovery is not sent again to whoever has it', async () => {
  await using api = await startTestApiServer()
  const first = await fetch(`${api.url}/apis`, { headers: { accept: KUBECTL_ACCEPT } })
  const etag = first.headers.get('etag') ?? ''

  const second = await fetch(`${api.url}/apis`, { headers: { accept: KUBECTL_ACCEPT, 'if-none-match': etag } })

  expect([etag === '', second.status]).toEqual([false, 304])
})

test.each(['/apis/', '/apis/apps/', '/apis/apps/v1/', '/api/v1/'])('%s answers with its trailing slash', async (path) => {
  await using api = await startTestApiServer()

  expect((await fetch(api.url + path)).status).toBe(200)
})

test('versions are ordered as Kubernetes orders them', () => {
  const sorted = ['v1alpha1', 'v2beta1', 'v1', 'v10', 'v2', 'v1beta2'].sort(compareVersions)

  expect(sorted).toEqual(['v10', 'v2', 'v1', 'v2beta1', 'v1beta2', 'v1alpha1'])
})

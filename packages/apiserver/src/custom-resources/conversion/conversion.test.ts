import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createTestAuthority } from '../../streaming/testing/test-certificates.ts'
import { DEFINITIONS, definitionOf, startCustomCluster } from '../testing/custom-cluster.ts'

const V1 = { name: 'v1', schema: { type: 'object', properties: { hostPort: { type: 'string' } } } } as const
const V2 = {
  name: 'v2',
  schema: { type: 'object', properties: { host: { type: 'string' }, port: { type: 'string', default: '80' } } },
} as const
const stored = (first: 'v1' | 'v2') => [
  { ...V1, storage: first === 'v1' },
  { ...V2, storage: first === 'v2' },
]
const at = (version: string) => `/apis/example.com/${version}/namespaces/default/widgets`
const object = (version: string, name: string, rest: object) => ({
  apiVersion: `example.com/${version}`,
  kind: 'Widget',
  metadata: { name },
  ...rest,
})

describe('without a webhook', () => {
  test('only the apiVersion changes; each version is pruned, defaulted and validated by its own schema', async () => {
    await using api = await startCustomCluster()
    await api.define({ versions: stored('v1') })
    await api.send('POST', at('v2'), object('v2', 'a', { host: 'h' }))
    expect((await api.send('GET', `${at('v2')}/a`)).body).toMatchObject({ apiVersion: 'example.com/v2', port: '80' })
    expect((await api.send('GET', `${at('v1')}/a`)).body).not.toHaveProperty('host')
    const discovered = await api.send('GET', '/apis/example.com')
    expect(discovered.body).toMatchObject({
      preferredVersion: { version: 'v2' },
      versions: [{ version: 'v2' }, { version: 'v1' }],
    })
    expect((await api.send('POST', at('v1'), object('v2', 'b', {}))).status).toBe(400)
  })
})

describe('with a webhook', () => {
  interface Review {
    readonly request: { readonly uid: string; readonly desiredAPIVersion: string; readonly objects: Converted[] }
  }
  interface Converted {
    readonly hostPort?: string
    readonly host?: string
    readonly port?: string
    readonly metadata: object
  }
  const asked: Review['request'][] = []
  let answer: (request: Review['request']) => object
  let clientConfig: object
  let server: ReturnType<typeof createServer>
  let api: Awaited<ReturnType<typeof startCustomCluster>>

  beforeAll(async () => {
    const authority = await createTestAuthority()
    const own = await authority.issue({ commonName: 'webhook', usage: 'server' })
    server = createServer({ cert: own.certificatePem, key: own.keyPem }, async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
      const { request: review } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Review
      asked.push(review)
      const body = {
        kind: 'ConversionReview',
        apiVersion: 'apiextensions.k8s.io/v1',
        response: { uid: review.uid, ...answer(review) },
      }
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    clientConfig = {
      url: `https://127.0.0.1:${port}/convert`,
      caBundle: Buffer.from(authority.certificatePem).toString('base64'),
    }
  })

  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })

  beforeEach(async () => {
    asked.length = 0
    answer = ({ objects, desiredAPIVersion }) => ({
      result: { status: 'Success' },
      convertedObjects: objects.map((each) => convert(each, desiredAPIVersion)),
    })
    api = await startCustomCluster()
    await api.define({ versions: stored('v1'), conversion: conversion() })
  })

  afterEach(async () => await api.close())

  const conversion = () => ({ strategy: 'Webhook', webhook: { clientConfig, conversionReviewVersions: ['v1'] } })

  function convert({ hostPort, host, port, ...rest }: Converted, apiVersion: string): object {
    if (apiVersion.endsWith('v1')) return { ...rest, apiVersion, hostPort: `${host}:${port}` }
    const [first, second] = (hostPort ?? '').split(':')
    return { ...rest, apiVersion, host: first, port: second }
  }

  test('objects of one version are read, listed and watched in another', async () => {
    await api.send('POST', at('v1'), object('v1', 'a', { hostPort: 'localhost:8080' }))
    expect((await api.send('GET', `${at('v2')}/a`)).body).toMatchObject({
      apiVersion: 'example.com/v2',
      host: 'localhost',
      port: '8080',
    })

    const watched = await fetch(`${api.url}${at('v2')}?watch=true&timeoutSeconds=30`)
    await api.send('POST', at('v1'), object('v1', 'b', { hostPort: 'there:1' }))
    const listed = await api.send('GET', at('v2'))
    expect(listed.body.items).toMatchObject([{ host: 'localhost' }, { host: 'there', port: '1' }])
    await api.send('DELETE', `${at('v2')}/a`)
    await api.send('DELETE', `${DEFINITIONS}/widgets.example.com`)
    const lines = (await watched.text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines.map(({ type, object: { host } }) => `${type} ${host}`)).toEqual([
      'ADDED localhost',
      'ADDED there',
      'DELETED localhost',
      'DELETED there',
    ])
  })

  test('each version has fields of its own to select by, in lists, watches and deletions', async () => {
    const [first, second] = stored('v1')
    const { body } = await api.send('GET', `${DEFINITIONS}/widgets.example.com`)
    const paths = (...names: string[]) => ({ selectableFields: names.map((name) => ({ jsonPath: `.${name}` })) })
    const { spec } = definitionOf({
      versions: [
        { ...first, ...paths('hostPort') },
        { ...second, ...paths('host', 'port') },
      ],
      conversion: conversion(),
    }) as { spec: object }
    await api.send('PUT', `${DEFINITIONS}/widgets.example.com`, { ...body, spec })

    const watch = async (version: string, selector: string) => {
      const path = `${at(version)}?watch=true&timeoutSeconds=30&fieldSelector=${encodeURIComponent(selector)}`
      const response = await fetch(api.url + path)
      return async () =>
        (await response.text())
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line))
          .map(({ type, object: { metadata } }) => `${type} ${metadata.name}`)
    }
    const names = async (version: string, selector: string) => {
      const listed = await api.send('GET', `${at(version)}?fieldSelector=${encodeURIComponent(selector)}`)
      return listed.body.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name)
    }
    const byHost = await watch('v2', 'host=host1')
    const byBoth = await watch('v2', 'host=host1,port=80')
    const byHostPort = await watch('v1', 'hostPort=host1:80')

    await api.send('POST', at('v2'), object('v2', 'a', { host: 'host1', port: '80' }))
    await api.send('POST', at('v2'), object('v2', 'b', { host: 'host1', port: '8080' }))
    await api.send('POST', at('v2'), object('v2', 'c', { host: 'host2' }))
    expect(await names('v2', 'host=host1')).toEqual(['a', 'b'])
    expect(await names('v2', 'host=host1,port=80')).toEqual(['a'])
    expect(await names('v1', 'hostPort=host1:8080')).toEqual(['b'])

    await api.send('DELETE', `${at('v2')}?fieldSelector=${encodeURIComponent('host=host1,port=80')}`)
    const { body: kept } = await api.send('GET', `${at('v2')}/b`)
    await api.send('PUT', `${at('v2')}/b`, { ...kept, host: 'host2' })
    expect(await names('v2', 'host=host1')).toEqual([])
    expect(await names('v2', 'host=host2')).toEqual(['b', 'c'])

    await api.send('DELETE', `${DEFINITIONS}/widgets.example.com`)
    expect(await byHost()).toEqual(['ADDED a', 'ADDED b', 'DELETED a', 'DELETED b'])
    expect(await byBoth()).toEqual(['ADDED a', 'DELETED a'])
    expect(await byHostPort()).toEqual(['ADDED a', 'DELETED a'])
  })

  test('what is written in one version is stored in another, be it created, patched or applied', async () => {
    const created = await api.send('POST', at('v2'), object('v2', 'a', { host: 'h' }))
    expect(created).toMatchObject({ status: 201, body: { apiVersion: 'example.com/v2', host: 'h', port: '80' } })
    expect((await api.send('GET', `${at('v1')}/a`)).body).toMatchObject({ apiVersion: 'example.com/v1', hostPort: 'h:80' })
    const merge = { 'content-type': 'application/merge-patch+json' }
    await api.send('PATCH', `${at('v2')}/a`, { port: '443' }, merge)
    await api.send('PATCH', `${at('v2')}/a`, { metadata: { labels: { x: 'y' }, finalizers: ['example.com/hold'] } }, merge)
    const apply = { 'content-type': 'application/apply-patch+yaml' }
    await api.send('PATCH', `${at('v2')}/a?fieldManager=m&force=true`, object('v2', 'a', { host: 'applied' }), apply)
    expect((await api.send('GET', `${at('v1')}/a`)).body).toMatchObject({
      hostPort: 'applied:443',
      metadata: { labels: { x: 'y' } },
    })
    expect((await api.send('DELETE', `${at('v2')}/a`)).body.metadata.deletionTimestamp).toBeDefined()
    await api.send('PATCH', `${at('v2')}/a`, { metadata: { finalizers: null } }, merge)
    expect((await api.send('GET', `${at('v1')}/a`)).status).toBe(404)
  })

  test('objects stay readable when another version becomes the stored one', async () => {
    await api.send('POST', at('v1'), object('v1', 'a', { hostPort: 'old:1' }))
    const { body } = await api.send('GET', `${DEFINITIONS}/widgets.example.com`)
    const changed = {
      ...body,
      spec: { ...body.spec, ...(definitionOf({ versions: stored('v2') }) as { spec: object }).spec, conversion: conversion() },
    }
    const updated = await api.send('PUT', `${DEFINITIONS}/widgets.example.com`, changed)
    expect(updated.body.status.storedVersions).toEqual(['v1', 'v2'])
    await api.send('POST', at('v1'), object('v1', 'b', { hostPort: 'new:2' }))
    expect((await api.send('GET', at('v2'))).body.items).toMatchObject([
      { host: 'old', port: '1' },
      { host: 'new', port: '2' },
    ])
    const only = { ...updated.body, spec: { ...updated.body.spec, versions: updated.body.spec.versions.slice(1) } }
    expect((await api.send('PUT', `${DEFINITIONS}/widgets.example.com`, only)).body.message).toContain(
      'status.storedVersions[0]: Invalid value: "v1": missing from spec.versions',
    )
  })

  test.each<[string, () => object, string]>([
    ['says no', () => ({ result: { status: 'Failed', message: 'no idea' } }), 'failed: no idea'],
    ['answers too little', () => ({ result: { status: 'Success' }, convertedObjects: [] }), 'returned 0 objects, expected 1'],
    [
      'changes the name',
      () => ({
        result: { status: 'Success' },
        convertedObjects: [{ apiVersion: 'example.com/v2', kind: 'Widget', metadata: { name: 'b', namespace: 'default' } }],
      }),
      'returned invalid converted object at index 0: must have the same name: a != b',
    ],
    ['answers another question', () => ({ uid: 'other', result: { status: 'Success' } }), 'expected response.uid='],
  ])('a webhook that %s is told of, and nothing else fails', async (_, say, message) => {
    await api.send('POST', at('v1'), object('v1', 'a', { hostPort: 'h:1' }))
    answer = say
    const reply = await api.send('GET', `${at('v2')}/a`)
    expect(reply.status).toBe(500)
    expect(reply.body.message).toContain('conversion webhook for example.com/v1, Kind=Widget ')
    expect(reply.body.message).toContain(message)
    expect((await api.send('GET', `${at('v1')}/a`)).status).toBe(200)
  })

  test('an object that was converted once is not converted again', async () => {
    await api.send('POST', at('v1'), object('v1', 'a', { hostPort: 'h:1' }))
    await api.send('GET', at('v2'))
    await api.send('GET', `${at('v2')}/a`)
    await api.send('GET', at('v2'))
    expect(asked).toHaveLength(1)
  })
})

/** What upstream's conformance suite asks of an API server alone, in its own order of steps, cut down to what it checks. */
import { apiVersionOf, BUILT_IN_KINDS, type KubeObject, pathOf } from '@skiff/api'
import { createMemoryStore } from '@skiff/store'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BUILT_IN_RESOURCES } from '../resources/index.ts'
import { LEAST_OBJECTS } from '../resources/testing/least-objects.ts'
import { newTestCertificates } from '../testdata/certificates.ts'
import { startTestApiServer, type TestApiServer } from '../testing.ts'

interface Sent {
  readonly type?: string
  readonly accept?: string
}

let api: TestApiServer
beforeAll(async () => {
  api = await startTestApiServer()
})
afterAll(() => api.close())

interface Reply {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: answers of all kinds are looked into
  readonly body: any
}

async function send(method: string, path: string, body?: unknown, { type, accept }: Sent = {}): Promise<Reply> {
  const headers = { 'content-type': type ?? 'application/json', accept: accept ?? 'application/json' }
  const sent = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }
  const response = await fetch(api.url + path, { method, headers, ...sent })
  return { status: response.status, body: await response.json() }
}

const merge = (path: string, body: object) => send('PATCH', path, body, { type: 'application/merge-patch+json' })

const POD = { containers: [{ name: 'c', image: 'x' }] }
const WORKLOAD = { selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: POD } }

describe('/status', () => {
  const bodies: Readonly<Record<string, object>> = {
    'v1 Pod': { spec: POD },
    'v1 Node': {},
    'v1 Namespace': {},
    'v1 Service': { spec: { ports: [{ port: 80 }] } },
    'v1 ReplicationController': { spec: { ...WORKLOAD, selector: { a: 'b' } } },
    'apps/v1 Deployment': { spec: WORKLOAD },
    'apps/v1 ReplicaSet': { spec: WORKLOAD },
    'v1 ResourceQuota': { spec: { hard: { pods: '1' } } },
    'v1 PersistentVolumeClaim': { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
    'autoscaling/v2 HorizontalPodAutoscaler': {
      spec: { maxReplicas: 2, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'x' } },
    },
    ...Object.fromEntries(Object.entries(LEAST_OBJECTS).map(([words, { body }]) => [words, body])),
  }
  const cases = BUILT_IN_RESOURCES.filter(({ subresources, strategy }) => {
    return subresources?.includes('status') && strategy.statusKeepsMetadata !== true
  }).flatMap(({ info }) => {
    const words = `${apiVersionOf(info)} ${info.kind}`
    return bodies[words] === undefined ? [] : [{ words, info, body: bodies[words] }]
  })

  test.each(cases)('of a $words takes a patch of its annotations along, and leaves the spec', async ({ info, words, body }) => {
    const name = LEAST_OBJECTS[words]?.name ?? `status-${info.kind.toLowerCase()}`
    const created = await api.client.create<KubeObject>(info, {
      metadata: { name, ...(info.namespaced ? { namespace: 'default' } : {}) },
      ...body,
    } as object)
    const path = `${pathOf(info, 'default', name)}/status`

    const patched = await merge(path, { metadata: { annotations: { patchedstatus: 'true' } }, spec: null })
    const read = await send('GET', path)
    const updated = await send('PUT', path, { ...read.body, metadata: { ...read.body.metadata, labels: { updated: 'yes' } } })

    expect([patched.status, patched.body.metadata.annotations.patchedstatus]).toEqual([200, 'true'])
    expect(patched.body.metadata.generation).toBe(created.metadata.generation)
    expect(read.body.kind).toBe(info.kind)
    expect(read.body.spec).toEqual(created.spec)
    expect(updated.status).toBe(200)
  })
})

test('the requests of certificates: approval and status take annotations along', async () => {
  const path = '/apis/certificates.k8s.io/v1/certificatesigningrequests'
  const request = Buffer.from('-----BEGIN CERTIFICATE REQUEST-----\n').toString('base64')
  const spec = { request, signerName: 'example.com/e2e', usages: ['digital signature', 'server auth'], expirationSeconds: 3600 }
  const { body } = await send('POST', path, { metadata: { generateName: 'e2e-csr-' }, spec })
  const one = `${path}/${body.metadata.name}`
  const condition = { type: 'ApprovalPatch', status: 'True', reason: 'e2e' }
  const certificate = Buffer.from((await newTestCertificates()).cert).toString('base64')

  const approval = await merge(`${one}/approval`, {
    metadata: { annotations: { patchedapproval: 'true' } },
    status: { conditions: [condition] },
  })
  const status = await merge(`${one}/status`, {
    metadata: { annotations: { patchedstatus: 'true' } },
    status: { certificate },
  })
  const listed = await send('GET', `${path}?fieldSelector=spec.signerName%3Dexample.com/e2e`)
  const deleted = await send('DELETE', `${path}?fieldSelector=spec.signerName%3Dexample.com/e2e`)

  expect(approval.body.status.conditions).toMatchObject([condition])
  expect(approval.body.metadata.annotations).toEqual({ patchedapproval: 'true' })
  expect(status.body.status.certificate).toBe(certificate)
  expect(status.body.metadata.annotations.patchedstatus).toBe('true')
  expect(listed.body.items.length).toBe(1)
  expect([deleted.status, (await send('GET', one)).status]).toEqual([200, 404])
})

test('Events: one object in both groups, found by who reported it', async () => {
  const core = '/api/v1/namespaces/default/events'
  const events = '/apis/events.k8s.io/v1/namespaces/default/events'
  const event = {
    metadata: { name: 'event-test', labels: { 'testevent-constant': 'true' } },
    regarding: { namespace: 'default' },
    eventTime: '2017-09-19T13:49:16.000000Z',
    note: 'This is event-test',
    action: 'Do',
    reason: 'Test',
    type: 'Normal',
    reportingController: 'test-controller',
    reportingInstance: 'test-node',
  }
  const created = await send('POST', events, event)

  const bySource = await send('GET', `${core}?fieldSelector=source%3Dtest-controller`)
  const byController = await send('GET', `${events}?fieldSelector=reportingController%3Dtest-controller`)
  const everywhere = await send('GET', '/apis/events.k8s.io/v1/events?labelSelector=testevent-constant%3Dtrue')
  const patched = await send(
    'PATCH',
    `${events}/event-test`,
    { series: { count: 2, lastObservedTime: '2017-09-19T13:49:11.000000Z' } },
    { type: 'application/strategic-merge-patch+json' },
  )
  const series = { count: 100, lastObservedTime: '2017-09-19T13:49:16.000000Z' }
  const { resourceVersion: _, ...metadata } = patched.body.metadata
  const updated = await send('PUT', `${events}/event-test`, { ...patched.body, metadata, series })
  const deleted = await send('DELETE', `${events}?labelSelector=testevent-constant%3Dtrue`)

  expect(created.status).toBe(201)
  expect(bySource.body.items).toMatchObject([{ metadata: { name: 'event-test' }, message: 'This is event-test' }])
  expect([byController, everywhere].map(({ body }) => body.items.length)).toEqual([1, 1])
  expect(patched.body).toMatchObject({ series: { count: 2 }, regarding: { namespace: 'default' } })
  expect([updated.status, updated.body.series]).toEqual([200, series])
  expect([deleted.status, (await send('GET', `${core}/event-test`)).status]).toEqual([200, 404])
})

test('chunks: a list goes on from its last key when its revision is compacted away, and says that it is inconsistent', async () => {
  const store = createMemoryStore({ history: { maxEvents: 2, maxBytes: 1024, maxAgeMs: 1 } })
  await using small = await startTestApiServer({ store })
  const path = `${small.url}/api/v1/namespaces/default/podtemplates`
  const headers = { 'content-type': 'application/json' }
  const create = (name: string) =>
    fetch(path, { method: 'POST', headers, body: JSON.stringify({ metadata: { name }, template: { spec: POD } }) })
  for (let index = 0; index < 30; index += 1) await create(`template-${String(index).padStart(4, '0')}`)
  const list = async (query: string) => (await (await fetch(`${path}?limit=10${query}`)).json()) as List
  const first = await list('')
  for (let index = 0; index < 40; index += 1) await create(`z${index}`)

  const gone = await list(`&continue=${first.metadata.continue}`)
  const second = await list(`&continue=${gone.metadata.continue}`)

  expect(gone).toMatchObject({ kind: 'Status', code: 410, reason: 'Expired' })
  expect(second.items.map(({ metadata }) => metadata.name)[0]).toBe('template-0010')
  expect(second.items.length).toBe(10)
  expect(second.metadata.resourceVersion).not.toBe(first.metadata.resourceVersion)
  expect(second.metadata.remainingItemCount).toBe(50)
})

interface List {
  readonly metadata: { readonly continue: string; readonly resourceVersion: string; readonly remainingItemCount: number }
  readonly items: readonly KubeObject[]
}

describe('field validation', () => {
  const deployment = (inSpec: string, inMetadata = '') =>
    `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"my-dep"${inMetadata}},"spec":{${inSpec}"selector":{"matchLabels":{"app":"nginx"}},` +
    `"template":{"metadata":{"labels":{"app":"nginx"}},"spec":{"containers":[{"name":"nginx","image":"nginx"}]}}}}`
  const path = '/apis/apps/v1/namespaces/default/deployments?fieldManager=mgr&fieldValidation=Strict'

  test.each([
    [
      deployment('"unknownField":"foo","replicas":2,"replicas":3,'),
      'unknown field "spec.unknownField", duplicate field "spec.replicas"',
    ],
    [deployment('', ',"unknownMeta":"foo"'), 'unknown field "metadata.unknownMeta"'],
  ])('is strict with a typed object', async (body, problem) => {
    const answer = await send('POST', path, body)

    expect(answer.status).toBe(400)
    expect(answer.body.message).toContain(`strict decoding error: ${problem}`)
  })
})

test('a Table is refused for what is never stored', async () => {
  const review = { spec: { nonResourceAttributes: { path: '/', verb: 'get' } } }
  const table = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' }

  const answer = await send('POST', '/api/v1/namespaces/default/bindings', review, table)

  expect(answer.status).toBe(406)
})

test('a Binding may be posted beside its pod too', async () => {
  await send('POST', '/api/v1/namespaces/default/pods', { metadata: { name: 'bound' }, spec: POD })

  const bound = await send('POST', '/api/v1/namespaces/default/bindings', {
    metadata: { name: 'bound' },
    target: { kind: 'Node', name: 'n1' },
  })

  expect(bound).toEqual({ status: 201, body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 } })
  expect((await send('GET', '/api/v1/namespaces/default/pods/bound')).body.spec.nodeName).toBe('n1')
})

describe('deletecollection', () => {
  test('takes what its selectors name, and a dry run takes nothing', async () => {
    const path = '/api/v1/namespaces/default/secrets'
    for (const name of ['one', 'two']) await send('POST', path, { metadata: { name, labels: { set: 'x' } } })
    await send('POST', path, { metadata: { name: 'three', labels: { set: 'y' } } })
    const names = async () => (await send('GET', path)).body.items.map(({ metadata }: KubeObject) => metadata.name)

    await send('DELETE', `${path}?labelSelector=set%3Dx&dryRun=All`)
    const all = await names()
    await send('DELETE', `${path}?labelSelector=set%3Dx&fieldSelector=metadata.name%3Done`)

    expect(all).toEqual(['one', 'three', 'two'])
    expect(await names()).toEqual(['three', 'two'])
  })
})

describe('reads of a revision', () => {
  test('exact, not older than, and any are told apart', async () => {
    const path = '/api/v1/namespaces/default/configmaps'
    const before = (await send('POST', path, { metadata: { name: 'rv', labels: { rv: 'x' } } })).body.metadata.resourceVersion
    await merge(`${path}/rv`, { data: { changed: 'yes' } })
    const list = async (query: string) => (await send('GET', `${path}?labelSelector=rv${query}`)).body.items[0].data

    expect(await list(`&resourceVersion=${before}&resourceVersionMatch=Exact`)).toBeUndefined()
    expect(await list(`&resourceVersion=${before}&resourceVersionMatch=NotOlderThan`)).toEqual({ changed: 'yes' })
    expect(await list(`&resourceVersion=${before}&limit=5`)).toBeUndefined()
    expect(await list('&resourceVersion=0')).toEqual({ changed: 'yes' })
  })
})

test('every kind is printed as a Table and as metadata only, also while it is watched', async () => {
  const accept = (as: string) => ({ accept: `application/json;as=${as};v=v1;g=meta.k8s.io` })
  for (const info of BUILT_IN_KINDS) {
    const path = pathOf(info, info.namespaced ? 'default' : '')

    const table = await send('GET', path, undefined, accept('Table'))
    const metadata = await send('GET', path, undefined, accept('PartialObjectMetadataList'))
    const headers = accept('PartialObjectMetadata')
    const watch = await fetch(`${api.url}${path}?watch=1&timeoutSeconds=1&resourceVersion=0`, { headers })
    await watch.body?.cancel()

    expect([info.kind, table.body.kind, metadata.body.kind, watch.status]).toEqual([
      info.kind,
      'Table',
      'PartialObjectMetadataList',
      200,
    ])
  }
})

test('server-side apply works on the scale and on the status of a Deployment', async () => {
  await send('POST', '/apis/apps/v1/namespaces/default/deployments', { metadata: { name: 'applied' }, spec: WORKLOAD })
  const path = '/apis/apps/v1/namespaces/default/deployments/applied'
  const apply = (sub: string, body: object, manager: string) =>
    send('PATCH', `${path}/${sub}?fieldManager=${manager}&force=true`, body, { type: 'application/apply-patch+yaml' })

  const scaled = await apply(
    'scale',
    { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'applied' }, spec: { replicas: 4 } },
    'scaler',
  )
  const reported = await apply(
    'status',
    { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'applied' }, status: { replicas: 3 } },
    'reporter',
  )

  expect([scaled.status, scaled.body.spec]).toEqual([200, { replicas: 4 }])
  expect([reported.status, reported.body.status.replicas, reported.body.spec.replicas]).toEqual([200, 3, 4])
  const owners = reported.body.metadata.managedFields.map(({ manager, operation, subresource }: Record<string, string>) => [
    manager,
    operation,
    subresource,
  ])
  expect(owners).toEqual(
    expect.arrayContaining([
      ['scaler', 'Apply', 'scale'],
      ['reporter', 'Apply', 'status'],
    ]),
  )
})

test('changed annotations of a Deployment are a new generation, but not when they come with its status', async () => {
  const path = '/apis/apps/v1/namespaces/default/deployments/annotated'
  await send('POST', '/apis/apps/v1/namespaces/default/deployments', { metadata: { name: 'annotated' }, spec: WORKLOAD })

  const changed = await merge(path, { metadata: { annotations: { a: 'b' } } })
  const reported = await merge(`${path}/status`, { metadata: { annotations: { c: 'd' } } })

  expect([changed, reported].map(({ body }) => body.metadata.generation)).toEqual([2, 2])
})

test('what a struct can’t tell from nothing is left out', async () => {
  const created = await send('POST', '/apis/apps/v1/namespaces/default/deployments', {
    metadata: { name: 'zeros' },
    spec: { ...WORKLOAD, minReadySeconds: 0, paused: false, replicas: 0 },
  })

  expect(created.body.spec).not.toHaveProperty('minReadySeconds')
  expect(created.body.spec).not.toHaveProperty('paused')
  expect(created.body.spec.replicas).toBe(0)
})

test('exec of a pod that is not there is a 404, upgraded or not', async () => {
  const answer = await send('GET', '/api/v1/namespaces/default/pods/nope/exec?command=ls')

  expect(answer.status).toBeGreaterThanOrEqual(404)
})
